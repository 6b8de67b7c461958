import Support
import Vision

/// What a user says about how pictures become an encoder's input; nil leaves it to the file or the family.
package struct ViewOptions: Sendable, Equatable {
  /// How pictures are resized: one of `kinds`, or the short side in pixels.
  package enum Resize: Sendable, Equatable {
    case none, shortSide, longSide, squash
    case pixels(Int)
  }

  /// The side divided by the length that pictures are resized to; 1 cuts nothing off squares.
  package var crop: Double?
  package var resize: Resize?
  package var interpolation: Interpolation?
  /// Three means, red first.
  package var mean: [Float]?
  /// Three standard deviations.
  package var deviation: [Float]?

  private static let kinds: [(name: String, kind: Resize)] = [
    ("short_side", .shortSide), ("long_side", .longSide), ("squash", .squash), ("none", .none),
  ]

  /// Says nothing.
  package init() {}

  /// Whether anything is said.
  package var isEmpty: Bool { self == ViewOptions() }

  /// Reads `crop`, `resize`, `interpolation`, `mean` and `deviation` from a mapping.
  /// - Throws: `InputError` naming a value out of bounds.
  package init(_ fields: Fields) throws {
    crop = try fields.takeOptional(
      "crop", in: 0.05...20, "the side divided by the length that pictures are resized to")
    resize = try Self.resize(fields)
    let filters = Interpolation.allCases.map(\.rawValue)
    if fields.has("interpolation") {
      interpolation = Interpolation(
        rawValue: try fields.takeChoice("interpolation", of: filters, "filter of the resize"))
    }
    mean = try Self.colours(fields, "mean", in: -1e6...1e6, "mean of red, green and blue, of 0…1")
    deviation = try Self.colours(
      fields, "deviation", in: 1e-6...1e6, "standard deviation of red, green and blue, of 0…1")
    if crop != nil, case .pixels? = resize {
      throw fields.error(at: "crop", "is said beside a length in pixels", "say one of the two")
    }
    if crop != nil, resize == Resize.none {
      throw fields.error(
        at: "crop", "is said of pictures that are not resized", "say one of the two")
    }
  }

  private static func resize(_ fields: Fields) throws -> Resize? {
    let names = kinds.map(\.name)
    guard
      let text = try fields.takeOptional(
        "resize", as: String.self, "\(names.joined(separator: ", ")), or the short side in pixels")
    else { return nil }
    if let found = kinds.first(where: { $0.name == text }) { return found.kind }
    if let pixels = Int(text), 1...8192 ~= pixels { return .pixels(pixels) }
    throw fields.error(
      at: "resize", "there is no resize '\(text)'",
      "say \(names.joined(separator: ", ")), or the short side in pixels, 1…8192")
  }

  private static func colours(
    _ fields: Fields, _ key: String, in range: ClosedRange<Double>, _ documentation: String
  ) throws -> [Float]? {
    let values = try fields.take(key, default: [Double](), in: range, documentation)
    switch values.count {
    case 0: return nil
    case 1: return [Float](repeating: Float(values[0]), count: 3)
    case 3: return values.map { Float($0) }
    default: throw fields.error(at: key, "\(key) must be three numbers, or one for all")
    }
  }

  /// A transform with what is said put in its place.
  /// - Throws: `InputError` when a crop is said of a transform that resizes nothing.
  package func applied(to preprocessing: Preprocessing) throws -> Preprocessing {
    var result = preprocessing
    result.statistics = PixelStatistics(
      mean: mean ?? result.statistics.mean, deviation: deviation ?? result.statistics.deviation)
    result.interpolation = interpolation ?? result.interpolation
    switch resize {
    case nil:
      if let crop { result.resize = try result.resize.with(ratio: crop) }
    case .none?: result.resize = .none
    case .pixels(let count)?: result.resize = .shortSide(.pixels(count))
    case .shortSide?: result.resize = .shortSide(.ratio(crop ?? 1))
    case .squash?: result.resize = .squash(width: .ratio(crop ?? 1), height: .ratio(crop ?? 1))
    case .longSide?:
      result.resize = .longSide(.ratio(crop ?? 1))
      result.fill = result.statistics.levels
    }
    return result
  }
}

extension Preprocessing.Resize {
  /// The same kind of resize to another share.
  fileprivate func with(ratio: Double) throws -> Preprocessing.Resize {
    switch self {
    case .none:
      throw InputError(
        "checkpoint.crop", "is said of pictures that are not resized",
        "say how too: --set checkpoint.resize=short_side")
    case .longSide: return .longSide(.ratio(ratio))
    case .squash: return .squash(width: .ratio(ratio), height: .ratio(ratio))
    case .shortSide, .shortSideWithin: return .shortSide(.ratio(ratio))
    }
  }
}
