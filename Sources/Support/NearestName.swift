/// The name in `among` that a user who typed `name` probably meant; nil if none is near.
///
/// Near is an optimal string alignment distance (insertions, deletions, substitutions, swapped
/// neighbours) of at most a third of the longer name, or a beginning of at least three characters.
/// Case, `-` and `_` do not count. Of equally near names the first wins.
package func nearest(_ name: String, among: [String]) -> String? {
  guard name.utf8.count <= 200 else { return nil }
  let wanted = folded(name)
  var best: (name: String, distance: Int)?
  for candidate in among where candidate.utf8.count <= 200 {
    let letters = folded(candidate)
    var distance = editDistance(wanted, letters)
    let limit = max(1, max(wanted.count, letters.count) / 3)
    if distance > limit {
      guard wanted.count >= 3, letters.starts(with: wanted) else { continue }
      distance = limit + 1
    }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.name
}

/// A remedy that names the nearest of `names`, or lists them.
package func suggestion(for name: String, among names: [String]) -> String {
  if let near = nearest(name, among: names) { return "did you mean '\(near)'?" }
  guard !names.isEmpty else { return "" }
  let shown = names.prefix(24).joined(separator: ", ")
  return "known: " + shown + (names.count > 24 ? ", … (\(names.count) in all)" : "")
}

/// Lower case, with one kind of separator.
private func folded(_ name: String) -> [Character] {
  name.lowercased().map { $0 == "-" || $0 == " " ? "_" : $0 }
}

/// Optimal string alignment distance.
package func editDistance(_ first: [Character], _ second: [Character]) -> Int {
  var beforeLast: [Int] = []
  var last = Array(0...second.count)
  for row in 0..<first.count {
    var current = [row + 1]
    for column in 0..<second.count {
      let substitution = last[column] + (first[row] == second[column] ? 0 : 1)
      var best = min(substitution, last[column + 1] + 1, current[column] + 1)
      if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
        best = min(best, beforeLast[column - 1] + 1)
      }
      current.append(best)
    }
    (beforeLast, last) = (last, current)
  }
  return last[second.count]
}
