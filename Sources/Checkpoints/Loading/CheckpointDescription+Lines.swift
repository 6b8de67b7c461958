import Support
import Vision

extension CheckpointDescription {
  /// The description for people, a fact a line.
  /// - Parameters:
  ///   - keys: whether to name every tensor that is renamed or ignored.
  ///   - hash: the SHA-256 of the weights.
  /// - Returns: the lines.
  package func lines(keys: Bool, hash: String) -> [String] {
    var facts: [(String, String)] = [
      ("source", source), ("format", format), ("family", family),
      ("network", branch.isEmpty ? "the whole file" : branch),
      ("encoder", encoder), ("parameters", ProgressText.grouped(parameters)),
      ("input", "\(preprocessing.side) px"), ("pictures", preprocessing.words), ("sha256", hash),
      ("renamed", "\(renamed.count) tensors"),
      ("ignored", ignored.isEmpty ? "nothing" : "\(ignored.count) tensors"), ("missing", "nothing"),
    ]
    if let headClasses { facts.append(("classifier", "\(headClasses) classes")) }
    if let projectionWidth { facts.append(("projection", "to \(projectionWidth) features")) }
    if !opaqueNames.isEmpty {
      facts.append(
        ("opaque", "\(opaqueNames.count) classes, read as data: " + opaqueText(all: keys)))
    }
    facts += notes.map { ("note", $0) }
    var lines = facts.map { name, value in
      name + String(repeating: " ", count: 12 - name.count) + value
    }
    if keys {
      lines += renamed.map { "renamed     \($0.from) → \($0.to)" }
      lines += ignored.map { "ignored     \($0)" }
    }
    return lines
  }

  private func opaqueText(all: Bool) -> String {
    let shown = opaqueNames.prefix(all ? opaqueNames.count : 8)
    return shown.joined(separator: ", ") + (shown.count < opaqueNames.count ? ", …" : "")
  }
}
