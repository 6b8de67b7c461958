import Results
import Vision

extension Comparison {
  /// What the checkpoints saw of the pictures, in one line; nil where no report says it.
  ///
  /// Numbers of rows that saw the same images are compared, but one may have seen them whole and another their centre.
  var pictureNote: String? {
    var groups: [(view: String, labels: [String])] = []
    for entry in entries {
      guard let view = entry.report.checkpoint.transform?.view else { continue }
      if let index = groups.firstIndex(where: { $0.view == view }) {
        groups[index].labels.append(entry.label)
      } else {
        groups.append((view, [entry.label]))
      }
    }
    guard let first = groups.first else { return nil }
    guard groups.count > 1 else { return "Pictures: \(first.view)." }
    let parts = groups.map { group in
      let more = group.labels.count > 3 ? ", …" : ""
      return group.labels.prefix(3).joined(separator: ", ") + more + ": " + group.view
    }
    return "Not all looked at the same pictures. \(parts.joined(separator: "; "))."
  }
}
