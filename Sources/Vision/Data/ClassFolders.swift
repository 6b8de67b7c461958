import Foundation
import Support

/// The picture files below a folder that has one folder a class.
struct ClassFolders {
  let path: String
  /// The classes' names as people see them, in the order of their labels.
  let classes: [String]
  let order: ClassOrder
  private(set) var leftOut = LeftOut()
  /// The folders of the classes.
  private let folders: [String]
  /// Paths relative to `path`, in the order of classes and names.
  private var files: [String] = []
  private var labels: [Int32] = []

  /// Lists a folder of training pictures, whose folders are the classes.
  ///
  /// The classes are in the given order; by their numbers or as text when it is nil.
  /// - Throws: `InputError` for a folder without classes or a class without pictures.
  init(training path: String, order: ClassOrder?) throws {
    self.path = path
    let names = try ClassFolders.names(in: path)
    guard !names.isEmpty else {
      if let kind = datasetKind(of: path), kind.kind != ImageFolder.kind {
        throw InputError(
          FileNameText.visible(path), "holds no class folders",
          "it looks like \(kind.kind): write \(kind.kind):\(FileNameText.visible(path))")
      }
      if let foreign = ForeignData(path) { throw foreign.error(FileNameText.visible(path)) }
      throw InputError(
        FileNameText.visible(path), "holds no class folders",
        "put the pictures into one folder a class")
    }
    self.order = order ?? ClassOrder(of: names)
    folders = self.order.sorted(names)
    classes = folders.map(FileNameText.visible)
    try add(mayLack: false)
  }

  /// Lists a folder of other pictures of the same classes, some of which may be absent.
  /// - Throws: `InputError` for a class that `training` has not, or when there is no picture.
  init(_ path: String, classesOf training: ClassFolders) throws {
    self.path = path
    (classes, folders, order) = (training.classes, training.folders, training.order)
    let names = try ClassFolders.names(in: path)
    if let unknown = names.first(where: { !training.folders.contains($0) }) {
      throw InputError(
        FileNameText.visible("\(path)/\(unknown)"), "this class is not among the training classes",
        "rename or remove the folder")
    }
    try add(mayLack: true)
    guard !files.isEmpty else {
      throw InputError(
        FileNameText.visible(path), "holds no pictures in class folders",
        "put the pictures into one folder a class, as in training")
    }
  }

  /// Lists pictures whose classes are known otherwise.
  init(
    _ path: String, files: [(name: String, label: Int32)], leftOut: LeftOut,
    like other: ClassFolders
  ) {
    self.path = path
    (classes, folders, order) = (other.classes, other.folders, other.order)
    self.files = files.map { $0.name }
    labels = files.map { $0.label }
    self.leftOut = leftOut
  }

  /// The label of a class folder.
  func label(of folder: String) -> Int32? { folders.firstIndex(of: folder).map { Int32($0) } }

  /// The names of the folders in a folder.
  static func names(in path: String) throws -> [String] {
    try listFolder(path).filter { $0.isFolder && !isLitter($0.name) }.map { $0.name }
  }

  private mutating func add(mayLack: Bool) throws {
    for entry in try listFolder(path) where !entry.isFolder && !isLitter(entry.name) {
      if pictureEndings.contains(entry.name.fileEnding.lowercased()) {
        leftOut.add(kind: "picture beside the class folders")
      }
    }
    for (label, name) in folders.enumerated() {
      let folder = "\(path)/\(name)"
      if mayLack, !isFolder(folder) { continue }
      let walk = try FolderWalk(folder)
      guard mayLack || !walk.pictures.isEmpty else {
        throw InputError(
          FileNameText.visible(folder),
          "this class folder holds no pictures"
            + (walk.leftOut.isEmpty ? "" : " (only \(walk.leftOut.text))"),
          "fill or remove the folder; read are \(imageFormatNames)")
      }
      files += walk.pictures.map { "\(name)/\($0)" }
      labels += [Int32](repeating: Int32(label), count: walk.pictures.count)
      leftOut.add(walk.leftOut)
    }
  }

  /// The files as a split; they are decoded when asked for.
  var split: FolderSplit {
    FolderSplit(
      root: path, prefix: URL(fileURLWithPath: path).lastPathComponent, files: files,
      classes: labels)
  }

  /// The number of classes that have no picture here.
  var absentClasses: Int { classes.count - Set(labels).count }

  /// Adds names and contents (or only sizes) of all files to a hash.
  func fingerprint(_ hash: inout SHA256, readsAll: Bool) throws {
    hash.update("\n\(files.count) files\n")
    for file in files {
      let content: MappedFile
      do { content = try MappedFile("\(path)/\(file)") } catch let error as InputError {
        throw error.endingRun()
      }
      hash.update("\(FileNameText.visible(file))\n\(content.count)\n")
      if readsAll { withExtendedLifetime(content) { unsafe hash.update(content.bytes) } }
    }
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
  func exampleID(at index: Int) -> String { FileNameText.visible("\(prefix)/\(files[index])") }
  func format(at index: Int) -> String? { imageFormat(ofFile: "\(root)/\(files[index])")?.name }
  func isTruncated(at index: Int) -> Bool {
    TruncatedPictures.areThere
      && TruncatedPictures.contains(FileNameText.visible("\(root)/\(files[index])"))
  }
}
