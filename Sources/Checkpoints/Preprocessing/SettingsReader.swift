import Support
import Vision

/// Values of a JSON file of settings, refused by name where they cannot be followed.
struct SettingsReader {
  /// The file, for messages.
  let file: String
  /// Its content, or the part of it that is read.
  let json: JSON
  /// Whether null is what an absent value is, as for timm and OpenCLIP.
  ///
  /// In a Hugging Face processor it is a value:
  /// false for a switch, and refused elsewhere.
  var nullIsAbsent = true

  /// The value of a key; nil when it is absent.
  subscript(key: String) -> JSON? {
    guard let value = json[key] else { return nil }
    return value.isNull && nullIsAbsent ? nil : value
  }

  /// One line that names the file, the key and its value.
  /// - Parameters:
  ///   - key: the key.
  ///   - problem: what is wrong with the value.
  ///   - option: what to say with `--set` instead; nil for none.
  /// - Returns: the error.
  func refusal(_ key: String, _ problem: String, say option: String? = nil) -> InputError {
    let value = json[key].map { Self.brief($0) } ?? "absent"
    return InputError(
      file, "its '\(key)' is \(value), \(problem)",
      option.map { "say what to do instead: --set checkpoint.\($0)" }
        ?? "restore the file that was written with the weights")
  }

  private static func brief(_ value: JSON) -> String {
    let text = value.text(pretty: false)
    return text.count > 60 ? text.prefix(59) + "…" : text
  }

  /// True or false.
  func truth(_ key: String, default standard: Bool) throws -> Bool {
    guard let value = self[key] else { return standard }
    if value.isNull { return false }
    guard let truth = value.bool else { throw refusal(key, "not true or false") }
    return truth
  }

  /// A text; nil when it is absent or null.
  func text(_ key: String) throws -> String? {
    guard let value = self[key], !value.isNull else { return nil }
    guard let text = value.string else { throw refusal(key, "not a text") }
    return text
  }

  /// A number in a range.
  func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let value = self[key] else { return nil }
    guard let number = value.double, number.isFinite, range.contains(number) else {
      throw refusal(key, "not a number in \(Self.words(range))")
    }
    return number
  }

  /// Three numbers, red first; one stands for all three.
  func colours(
    _ key: String, in range: ClosedRange<Double>, say option: String
  ) throws -> [Float]? {
    guard let value = self[key] else { return nil }
    let numbers = value.array ?? [value]
    let values = numbers.compactMap(\.double).filter { $0.isFinite && range.contains($0) }
    guard values.count == numbers.count, values.count == 1 || values.count == 3 else {
      throw refusal(key, "not three numbers in \(Self.words(range))", say: option)
    }
    let floats = values.map { Float($0) }
    return floats.count == 1 ? [floats[0], floats[0], floats[0]] : floats
  }

  /// Mean and standard deviation; `standard` where a key is absent.
  func statistics(
    mean: String, deviation: String, default standard: PixelStatistics
  ) throws -> PixelStatistics {
    PixelStatistics(
      mean: try colours(mean, in: -1e6...1e6, say: "mean=[0.485,0.456,0.406]") ?? standard.mean,
      deviation: try colours(deviation, in: 1e-6...1e6, say: "deviation=[0.229,0.224,0.225]")
        ?? standard.deviation)
  }

  /// A side in pixels; a pair must be two equal ones.
  func square(_ key: String) throws -> Int? {
    guard let value = self[key] else { return nil }
    let sides = value.array ?? [value]
    guard let side = sides.last?.int, 1...2 ~= sides.count, 1...8192 ~= side else {
      throw refusal(key, "not a side in 1…8192")
    }
    guard sides.first == sides.last else {
      throw refusal(key, "a rectangle, and only square inputs can be read")
    }
    return side
  }

  private static func words(_ range: ClosedRange<Double>) -> String {
    "\(Float(range.lowerBound))…\(Float(range.upperBound))"
  }
}
