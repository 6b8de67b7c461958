import Support
import Vision

/// timm's `pretrained_cfg`: what `create_transform` makes of it at evaluation.
struct TimmSettings {
  private let reader: SettingsReader

  init(_ reader: SettingsReader) { self.reader = reader }

  /// Whether it says how much of a picture is seen.
  var statesView: Bool {
    ["crop_pct", "test_crop_pct", "crop_mode"].contains { reader[$0] != nil }
  }

  /// Whether networks are evaluated at another side than that of training.
  var hasTestSide: Bool { reader["test_input_size"] != nil }

  /// The transform; timm's own defaults stand in for what is absent.
  /// - Throws: `InputError` naming what is out of range or cannot be followed.
  func preprocessing() throws -> Preprocessing {
    let side = try side("test_input_size") ?? side("input_size") ?? 224
    var ratio = try ratio("crop_pct") ?? 0.875
    if hasTestSide, let tested = try self.ratio("test_crop_pct") { ratio = tested }
    let statistics = try reader.statistics(mean: "mean", deviation: "std", default: .imageNet)
    var result = Preprocessing(
      side: side, cropRatio: ratio, interpolation: try interpolation(), statistics: statistics)
    switch try reader.text("crop_mode") ?? "center" {
    case "center": break
    case "squash": result.resize = .squash(width: .ratio(ratio), height: .ratio(ratio))
    case "border":
      result.resize = .longSide(.ratio(ratio))
      result.fill = statistics.levels
    default: throw reader.refusal("crop_mode", "not center, squash or border", say: "resize=squash")
    }
    return result
  }

  /// The side of `[channels, height, width]`.
  private func side(_ key: String) throws -> Int? {
    guard let value = reader[key] else { return nil }
    guard let sides = value.array?.compactMap(\.int), sides.count == 3,
      value.array?.count == 3, sides.allSatisfy({ 1...8192 ~= $0 })
    else { throw reader.refusal(key, "not [channels, height, width]") }
    guard sides[1] == sides[2] else {
      throw reader.refusal(key, "a rectangle, and only square inputs can be read")
    }
    return sides[1]
  }

  private func ratio(_ key: String) throws -> Double? {
    guard reader[key] != nil else { return nil }
    guard let value = try? reader.number(key, in: 0.05...20) else {
      throw reader.refusal(key, "not a number in 0.05…20", say: "crop=0.875")
    }
    return value
  }

  private func interpolation() throws -> Interpolation {
    guard let name = try reader.text("interpolation") else { return .bicubic }
    guard let filter = Interpolation(rawValue: name) else {
      throw reader.refusal(
        "interpolation", "no filter that timm evaluates with", say: "interpolation=bicubic")
    }
    return filter
  }
}
