import Support

extension PixelStatistics {
  /// Three means and three deviations.
  package var json: JSON {
    ["mean": .array(mean.map(number)), "std": .array(deviation.map(number))]
  }

  /// Reads `mean` and `std` from a mapping; `statistics` stands in for what is absent.
  package init(_ fields: Fields, default statistics: PixelStatistics = .imageNet) throws {
    let mean = try fields.take(
      "mean", default: statistics.mean.map(double), "mean of red, green and blue, in 0…1")
    let deviation = try fields.take(
      "std", default: statistics.deviation.map(double), in: Double(Float.ulpOfOne)...,
      "standard deviation of red, green and blue")
    for (key, values) in [("mean", mean), ("std", deviation)]
    where values.count != 3 || !values.allSatisfy({ $0.isFinite && abs($0) < 1e6 }) {
      throw fields.error(at: key, "\(key) must be three numbers")
    }
    self.init(mean: mean.map { Float($0) }, deviation: deviation.map { Float($0) })
  }
}

extension Preprocessing {
  /// The kinds of resize by their names in files.
  private static let kinds = ["short_side", "short_side_within", "long_side", "squash", "none"]

  /// Everything that makes the transform what it is; read back by `init(_:default:)`.
  ///
  /// `crop_ratio` is the side divided by the length that is resized to; where that was said in pixels, they are in
  /// `resize_to`, and count.
  package var json: JSON {
    let (kind, lengths, most) = parts
    var members: [String: JSON] = [
      "side": .integer(side), "crop_ratio": .number(lengths.first.map(ratio) ?? 1),
      "resize": .string(Self.kinds[kind]), "interpolation": .string(interpolation.rawValue),
      "margins": .string(margins.rawValue), "fill": .array(fill.map { .integer(Int($0)) }),
      "overhang": .integer(overhang), "white": .number(white),
      "mean": .array(statistics.mean.map(number)),
      "std": .array(statistics.deviation.map(number)),
    ]
    if lengths.contains(where: { if case .pixels = $0 { true } else { false } }) {
      members["resize_to"] = .array(
        (lengths.map(pixels) + [most].compactMap { $0 }).map { .integer($0) })
    }
    return .object(members)
  }

  /// The place of the kind of resize, its lengths (of a squash width and height), and the most of the long side.
  private var parts: (kind: Int, lengths: [Length], most: Int?) {
    switch resize {
    case .shortSide(let length): (0, [length], nil)
    case .shortSideWithin(let length, let most): (1, [.pixels(pixels(length))], most)
    case .longSide(let length): (2, [length], nil)
    case .squash(let width, let height): (3, [width, height], nil)
    case .none: (4, [], nil)
    }
  }

  private func ratio(_ length: Length) -> Double {
    switch length {
    case .ratio(let ratio): ratio
    case .pixels(let count): Double(made) / Double(max(1, count))
    }
  }

  /// Reads a transform from a mapping; `preprocessing` stands in for what is absent.
  /// - Throws: `InputError` for a value outside its range.
  package init(_ fields: Fields, default preprocessing: Preprocessing) throws {
    let side = try fields.take(
      "side", default: preprocessing.side, in: 1...DecodingLimits.side,
      "width and height of the encoder's input")
    let (kind, lengths, most) = preprocessing.parts
    let ratio = try fields.take(
      "crop_ratio", default: lengths.first.map(preprocessing.ratio) ?? 1, in: 1e-5...1e5,
      "side divided by the length that is resized to")
    let isStated = fields.has("crop_ratio") || fields.has("resize") || fields.has("resize_to")
    let name = try fields.takeChoice(
      "resize", of: Self.kinds, default: isStated ? Self.kinds[0] : Self.kinds[kind],
      "what is resized")
    let to = try fields.take(
      "resize_to",
      default: isStated ? [] : (lengths.map(preprocessing.pixels) + [most].compactMap { $0 }),
      in: 1...Self.longest, "the lengths that are resized to, in pixels")
    let interpolation = try fields.takeInterpolation(default: preprocessing.interpolation)
    self.init(
      side: side, resize: try Self.resize(name, ratio, to, fields), interpolation: interpolation,
      statistics: try PixelStatistics(fields, default: preprocessing.statistics))
    if !isStated { resize = preprocessing.resize }
    margins =
      Margins(
        rawValue: try fields.takeChoice(
          "margins", of: Margins.allCases.map(\.rawValue), default: preprocessing.margins.rawValue,
          "how half a pixel of a margin is rounded")) ?? .even
    let levels = try fields.take(
      "fill", default: preprocessing.fill.map { Int($0) }, in: 0...255,
      "colour beside small pictures")
    guard levels.count == 3 else { throw fields.error(at: "fill", "fill must be three levels") }
    fill = levels.map { UInt8($0) }
    overhang = try fields.take(
      "overhang", default: preprocessing.overhang, in: 0...1024,
      "pixels to the right and below that are not seen")
    white = try fields.take(
      "white", default: preprocessing.white, in: 1e-6...1e9, "what a white sample is")
  }

  private static func resize(
    _ name: String, _ ratio: Double, _ to: [Int], _ fields: Fields
  ) throws -> Resize {
    let lengths = to.isEmpty ? [.ratio(ratio), .ratio(ratio)] : to.map { Length.pixels($0) }
    switch name {
    case "none": return .none
    case "short_side": return .shortSide(lengths[0])
    case "long_side": return .longSide(lengths[0])
    case "squash":
      guard let height = lengths.last else { break }
      return .squash(width: lengths[0], height: height)
    default:
      guard to.count == 2 else { break }
      return .shortSideWithin(.pixels(to[0]), atMost: to[1])
    }
    throw fields.error(at: "resize_to", "resize_to must be two lengths for '\(name)'")
  }
}

extension TrainingAugmentation {
  /// Everything that makes the transform what it is.
  package var json: JSON {
    let jitter = colourJitter.map { jitter -> JSON in
      [
        "brightness": number(jitter.brightness), "contrast": number(jitter.contrast),
        "saturation": number(jitter.saturation), "hue": number(jitter.hue),
        "probability": number(jitter.probability),
      ]
    }
    return [
      "side": .integer(side),
      "scale": [.number(crop.scale.lowerBound), .number(crop.scale.upperBound)],
      "ratio": [.number(crop.ratio.lowerBound), .number(crop.ratio.upperBound)],
      "flip": .bool(flip), "colour_jitter": jitter ?? .null,
      "interpolation": .string(interpolation.rawValue),
      "mean": .array(statistics.mean.map(number)),
      "std": .array(statistics.deviation.map(number)),
    ]
  }

  /// Reads a transform from a mapping; MAE's values stand in for what is absent.
  /// - Throws: `InputError` for a value outside its range.
  package init(_ fields: Fields, side: Int, statistics: PixelStatistics = .imageNet) throws {
    let scale = try fields.takeRange(
      "scale", default: 0.2...1, within: 1e-4...1, "area of the crop")
    let ratio = try fields.takeRange(
      "ratio", default: 3 / 4...4 / 3, within: 0.01...100, "width by height of the crop")
    let flip = try fields.take("flip", default: true, "mirror half of the pictures")
    let jitter = fields.has("colour_jitter") ? try fields.takeFields("colour_jitter") : nil
    self.init(
      side: side, scale: scale, ratio: ratio, flip: flip,
      colourJitter: try jitter.map { try ColourJitter($0) },
      interpolation: try fields.takeInterpolation(default: .bicubic),
      statistics: try PixelStatistics(fields, default: statistics))
  }
}

extension ColourJitter {
  /// Reads a jitter from a mapping.
  init(_ fields: Fields) throws {
    func amount(_ key: String, _ bounds: ClosedRange<Double>, default value: Double = 0) throws
      -> Float
    {
      Float(try fields.take(key, default: value, in: bounds, "how far the \(key) may change"))
    }
    self.init(
      brightness: try amount("brightness", 0...10), contrast: try amount("contrast", 0...10),
      saturation: try amount("saturation", 0...10), hue: try amount("hue", 0...0.5),
      probability: try amount("probability", 0...1, default: 1))
  }
}

extension Fields {
  package func takeInterpolation(default interpolation: Interpolation) throws -> Interpolation {
    let name = try takeChoice(
      "interpolation", of: Interpolation.allCases.map { $0.rawValue },
      default: interpolation.rawValue, "filter of the resize")
    return Interpolation(rawValue: name) ?? interpolation
  }

  package func takeRange(
    _ key: String, default range: ClosedRange<Double>, within bounds: ClosedRange<Double>,
    _ documentation: String
  ) throws -> ClosedRange<Double> {
    let ends = try take(
      key, default: [range.lowerBound, range.upperBound], in: bounds, documentation)
    guard ends.count == 2, ends[0] <= ends[1] else {
      throw error(at: key, "\(key) must be two numbers, the smaller one first")
    }
    return ends[0]...ends[1]
  }
}

/// The number whose shortest decimal form is that of the float: 0.485, not 0.48500001430511475.
private func double(_ value: Float) -> Double { Double("\(value)") ?? Double(value) }

private func number(_ value: Float) -> JSON { .number(double(value)) }
