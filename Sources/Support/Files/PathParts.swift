/// The parts of a path as text. Foundation's own traps on names of one letter.
extension String {
  /// What comes before the last part: `a/b` of `a/b/c.txt`, nothing of a bare name.
  package var parentFolder: String {
    let path = withoutTrailingSlashes
    guard let slash = path.utf8.lastIndex(of: .slash) else { return "" }
    let folder = path[..<slash].trimmingTrailingSlashes
    return folder.isEmpty ? "/" : String(folder)
  }

  /// The last part: `c.txt` of `a/b/c.txt`, `b` of `a/b/`.
  package var fileName: String {
    let path = withoutTrailingSlashes
    guard let slash = path.utf8.lastIndex(of: .slash) else { return String(path) }
    let name = path[path.utf8.index(after: slash)...]
    return name.isEmpty ? "/" : String(name)
  }

  /// The last part without its ending: `c` of `a/b/c.txt`; a leading dot begins no ending.
  package var fileStem: String {
    let name = fileName
    guard let dot = name.utf8.lastIndex(of: .dot), dot != name.startIndex else { return name }
    return String(name[..<dot])
  }

  /// What follows the last dot of the last part, without it; empty where there is none.
  package var fileEnding: String { String(fileName.utf8.dropFirst(fileStem.utf8.count + 1)) ?? "" }

  /// The path from the root, without `.` and `..`; links are not looked at.
  package var absolutePath: String {
    let isAbsolute = utf8.first == .slash
    let start = isAbsolute ? "" : FileSystem.workingFolder + "/"
    var parts: [Substring] = []
    for part in (start + self).split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private var withoutTrailingSlashes: Substring {
    let path = self[...].trimmingTrailingSlashes
    return path.isEmpty && utf8.first == .slash ? "/" : path
  }
}

extension Substring {
  fileprivate var trimmingTrailingSlashes: Substring {
    var end = utf8.endIndex
    while end > utf8.startIndex, utf8[utf8.index(before: end)] == .slash {
      end = utf8.index(before: end)
    }
    return self[..<end]
  }
}

extension UInt8 {
  // Bytes, since a mark after a slash would make one character of both.
  fileprivate static let slash = UInt8(ascii: "/")
  fileprivate static let dot = UInt8(ascii: ".")
}
