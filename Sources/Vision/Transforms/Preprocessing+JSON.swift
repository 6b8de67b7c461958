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
  /// Everything that makes the transform what it is; read back by `init(_:default:)`.
  package var json: JSON {
    [
      "side": .integer(side), "crop_ratio": .number(cropRatio),
      "interpolation": .string(interpolation.rawValue),
      "mean": .array(statistics.mean.map(number)),
      "std": .array(statistics.deviation.map(number)),
    ]
  }

  /// Reads a transform from a mapping; `preprocessing` stands in for what is absent.
  /// - Throws: `InputError` for a value outside its range.
  package init(_ fields: Fields, default preprocessing: Preprocessing) throws {
    self.init(
      side: try fields.take(
        "side", default: preprocessing.side, in: 1...DecodingLimits.side,
        "width and height of the encoder's input"),
      cropRatio: try fields.take(
        "crop_ratio", default: preprocessing.cropRatio, in: 0.01...1,
        "side divided by the resized short side"),
      interpolation: try fields.takeInterpolation(default: preprocessing.interpolation),
      statistics: try PixelStatistics(fields, default: preprocessing.statistics))
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
  fileprivate func takeInterpolation(default interpolation: Interpolation) throws -> Interpolation {
    let name = try takeChoice(
      "interpolation", of: Interpolation.allCases.map { $0.rawValue },
      default: interpolation.rawValue, "filter of the resize")
    return Interpolation(rawValue: name) ?? interpolation
  }

  fileprivate func takeRange(
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
