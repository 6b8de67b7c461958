import Foundation
import Support

/// The validation pictures of tiny-imagenet, as its archive has them: `images/` and a table of their classes.
enum AnnotatedPictures {
  /// The table in a split's folder, if it has one: `val_annotations.txt`.
  static func table(in folder: String) -> String? {
    let path = folder + "/" + folder.fileName.lowercased() + "_annotations.txt"
    return isFile(path) && isFolder(folder + "/images") ? path : nil
  }

  /// Whether a split has pictures alone, as tiny-imagenet's test split, whose classes nobody published.
  static func isUnlabelled(_ folder: String) throws -> Bool {
    try ClassFolders.names(in: folder) == ["images"] && table(in: folder) == nil
  }

  /// Reads the table: name of the picture, class, and more, separated by tabs.
  /// - Throws: `InputError` that names the line that is wrong, or a picture that is absent.
  static func read(_ folder: String, table path: String, like training: ClassFolders) throws
    -> ClassFolders
  {
    let text = String(decoding: try MappedFile(path).data, as: UTF8.self)
    let walk = try FolderWalk(folder + "/images")
    let present = Set(walk.pictures)
    var labels: [String: Int32] = [:]
    for (number, line) in text.split(whereSeparator: \.isNewline).enumerated() {
      let words = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard words.count >= 2, let label = training.label(of: String(words[1])) else {
        throw InputError(
          "\(path):\(number + 1)",
          "'\(line.prefix(60))' names no picture and class of the training split",
          "restore the file from the archive")
      }
      let name = String(words[0])
      guard present.contains(name), labels.updateValue(label, forKey: name) == nil else {
        throw InputError(
          "\(path):\(number + 1)", "the picture '\(name)' is absent, or named twice",
          "restore the file from the archive")
      }
    }
    var leftOut = walk.leftOut
    let unnamed = walk.pictures.count { labels[$0] == nil }
    if unnamed > 0 {
      leftOut.add(kind: "picture that \(path.fileName) does not name", count: unnamed)
    }
    let files = walk.pictures.compactMap { name in labels[name].map { ("images/" + name, $0) } }
    return ClassFolders(folder, files: files, leftOut: leftOut, like: training)
  }
}
