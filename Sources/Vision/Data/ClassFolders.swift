import Foundation
import Support

/// The picture files below a folder that has one folder a class.
struct ClassFolders {
  let path: String
  let classes: [String]
  /// Paths relative to `path`, in the order of classes and names.
  private var files: [String] = []
  private var labels: [Int32] = []

  private static let extensions: Set<String> = ["png", "jpg", "jpeg"]

  /// Lists the folder; with `classes` given, it must have no others and each of them.
  /// - Throws: `InputError` for a folder without classes or a class without pictures.
  init(_ path: String, classes given: [String]? = nil) throws {
    self.path = path
    let names = try fileNames(in: path).filter { isFolder("\(path)/\($0)") }
    guard !names.isEmpty else {
      throw InputError(path, "holds no class folders", "put the pictures into one folder a class")
    }
    classes = given ?? names
    if let unknown = names.first(where: { !classes.contains($0) }) {
      throw InputError(
        "\(path)/\(unknown)", "this class is not among the training classes",
        "rename or remove the folder")
    }
    for (label, name) in classes.enumerated() {
      let found = try ClassFolders.pictures(in: "\(path)/\(name)").map { "\(name)/\($0)" }
      files += found
      labels += [Int32](repeating: Int32(label), count: found.count)
    }
  }

  /// The files as a split; they are decoded when asked for.
  var split: FolderSplit {
    FolderSplit(
      root: path, prefix: URL(fileURLWithPath: path).lastPathComponent, files: files,
      classes: labels)
  }

  /// Adds names and contents (or only sizes) of all files to a hash.
  func fingerprint(_ hash: inout SHA256, readsAll: Bool) throws {
    hash.update("\n\(files.count) files\n")
    for file in files {
      let content = try MappedFile("\(path)/\(file)")
      hash.update("\(file)\n\(content.count)\n")
      if readsAll { withExtendedLifetime(content) { hash.update(content.bytes) } }
    }
  }

  private static func pictures(in folder: String) throws -> [String] {
    guard isFolder(folder) else {
      throw InputError(folder, "this class has no folder", "restore it")
    }
    let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    let found = all.filter { name in
      extensions.contains(name.fileEnding.lowercased()) && !name.fileName.hasPrefix(".")
    }
    guard !found.isEmpty else {
      throw InputError(
        folder, "this class folder holds no PNG or JPEG files", "fill or remove the folder")
    }
    return inByteOrder(found)
  }
}

/// Pictures in files of their own.
struct FolderSplit: ImageSplit {
  /// The folder that the names are relative to.
  let root: String
  /// What comes before a name in an example's id.
  let prefix: String
  let files: [String]
  let classes: [Int32]

  var count: Int { files.count }
  func image(at index: Int) throws -> Image {
    do {
      return try readImage("\(root)/\(files[index])")
    } catch let error as InputError { throw error.endingRun() }
  }
  func label(at index: Int) -> Int { Int(classes[index]) }
  func exampleID(at index: Int) -> String { "\(prefix)/\(files[index])" }
}
