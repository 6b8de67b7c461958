/// Renames tensors from somebody's habit to timm's.
///
/// `#` stands for the number of a block; a pattern that ends in `.` stands for every name that begins so:
/// `encoder.layer.#.layernorm_before.` → `blocks.#.norm1.`.
struct RenameRule: Sendable {
  private let head: String
  /// What follows the block's number; nil when the pattern has none.
  private let tail: String?
  private let isPrefix: Bool
  private let target: String

  init(_ pattern: String, _ target: String) {
    let parts = pattern.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    head = String(parts[0])
    tail = parts.count == 2 ? String(parts[1]) : nil
    isPrefix = pattern.hasSuffix(".")
    self.target = target
  }

  /// The new name; nil when the pattern does not fit.
  func renamed(_ name: String) -> String? {
    guard name.hasPrefix(head) else { return nil }
    var rest = name.dropFirst(head.count)
    var result = target
    if let tail {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard !digits.isEmpty, digits.count <= 4, rest.dropFirst(digits.count).hasPrefix(tail) else {
        return nil
      }
      rest = rest.dropFirst(digits.count + tail.count)
      result = target.split(separator: "#", omittingEmptySubsequences: false)
        .joined(separator: String(digits))
    }
    guard isPrefix || rest.isEmpty else { return nil }
    return result + rest
  }
}

extension RenameRule {
  /// Rules from pairs of patterns.
  static func list(_ pairs: [(String, String)]) -> [RenameRule] {
    pairs.map { RenameRule($0.0, $0.1) }
  }
}
