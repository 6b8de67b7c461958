import Foundation
import Support

/// The MNIST family: grey pictures and labels in IDX files, gzipped or not.
enum IDX: DatasetKind {
  static let kind = "idx"
  static let summary = "MNIST family: train and t10k images and labels in IDX files, gz or not"
  static let placeholder: String? = "DIR"
  static let options = [
    DatasetOption(
      name: "classes",
      summary: "number of classes (1…256; the greatest training label + 1 by default)"),
    DatasetOption(
      name: "split", summary: "which of EMNIST's splits: balanced, byclass, digits, letters, …"),
  ]

  static func recognizes(_ path: String) -> Bool {
    folders(below: path).contains { !prefixes(in: $0).isEmpty }
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let place = try place(specification)
    let train = try Pair("\(place.prefix)train", in: place.folder)
    let test = try Pair(place.prefix.isEmpty ? "t10k" : "\(place.prefix)test", in: place.folder)
    let greatest = unsafe Int(train.labels.withBytes { unsafe $0.max() } ?? 0)
    let classes = try specification.integer("classes", default: greatest + 1, in: 1...256)
    var hash = SHA256()
    for part in [train, test] {
      try part.checkLabels(below: classes)
      hash.update("\(part.images.shape)\n")
      unsafe part.images.withBytes { unsafe hash.update($0) }
      unsafe part.labels.withBytes { unsafe hash.update($0) }
    }
    var reading = DatasetReading()
    if !place.prefix.isEmpty {
      reading.remarks.append(
        "EMNIST's pictures lie on their side, mirrored, as in its files and in torchvision")
    }
    return Dataset(
      id: "idx:\(specification.pathName)\(specification.optionsText)",
      classes: (0..<classes).map(String.init),
      fingerprint: hash.hex(), train: train.split, test: test.split, reading: reading)
  }

  /// The folder itself, and those that torchvision and EMNIST's archive make in it: `MNIST/raw`, `gzip`.
  private static func folders(below path: String) -> [String] {
    let names = (try? ClassFolders.names(in: path)) ?? []
    return [path, path + "/raw", path + "/gzip"] + names.map { "\(path)/\($0)/raw" }
  }

  /// What comes before `train-images` in a folder's files: nothing, or `emnist-balanced-`.
  private static func prefixes(in folder: String) -> [String] {
    let ends = spellings("train-images", 3)
    let names = (try? fileNames(in: folder)) ?? []
    return names.compactMap { name in
      guard let end = ends.first(where: { name.hasSuffix($0) }) else { return nil }
      let prefix = String(name.dropLast(end.count))
      return prefix.isEmpty || prefix.hasPrefix("emnist-") ? prefix : nil
    }
  }

  /// The folder of the files, and what their names begin with.
  private static func place(_ specification: DatasetSpecification) throws -> (
    folder: String, prefix: String
  ) {
    let given = try specification.folder()
    let wanted = specification.text("split").map { "emnist-\($0)-" }
    let found = folders(below: given).flatMap { folder in
      prefixes(in: folder).map { (folder: folder, prefix: $0) }
    }
    let places = found.filter { wanted == nil || $0.prefix == wanted }
    // A file and its packed twin are one.
    let different = Dictionary(grouping: places) { $0.folder + "/" + $0.prefix }
    if let place = places.first, different.count == 1 { return place }
    guard !found.isEmpty else {
      if wanted == nil { return (given, "") }  // The missing file is named when it is read.
      throw InputError(specification.text, "holds no such files", "leave out the option 'split'")
    }
    let splits = Set(found.map { $0.prefix }.filter { !$0.isEmpty }).sorted()
      .map { String($0.dropFirst("emnist-".count).dropLast()) }
    let folders = Set(found.map { $0.folder }).sorted()
    throw InputError(
      specification.text, "holds several sets: \((splits.isEmpty ? folders : splits).briefly)",
      splits.isEmpty ? "give one of the folders" : "choose one: ?split=\(splits[0])")
  }

  /// The two files of one split.
  private struct Pair {
    let images: IDXFile
    let labels: IDXFile
    let imagesPath: String
    let labelsPath: String

    init(_ prefix: String, in folder: String) throws {
      imagesPath = try existingFile(spellings("\(prefix)-images", 3), in: folder)
      labelsPath = try existingFile(spellings("\(prefix)-labels", 1), in: folder)
      let images = try IDXHeader(imagesPath, dimensions: 3)
      let labels = try IDXHeader(labelsPath, dimensions: 1)
      guard images.shape[0] == labels.shape[0] else {
        throw InputError(
          labelsPath,
          "has \(labels.shape[0]) labels for \(images.shape[0]) images in "
            + imagesPath.fileName,
          "check that both files belong together")
      }
      self.images = try IDXFile(images)
      self.labels = try IDXFile(labels)
    }

    func checkLabels(below classes: Int) throws {
      try unsafe labels.withBytes { labels in
        guard let record = unsafe labels.firstIndex(where: { $0 >= classes }) else { return }
        throw InputError(
          labelsPath,
          unsafe "record \(record) has label \(labels[record]), outside 0…\(classes - 1)",
          "fetch the file again, or set the option 'classes'")
      }
    }

    var split: PackedSplit {
      let shape = images.shape
      let part = PackedImages(
        name: URL(fileURLWithPath: imagesPath).lastPathComponent, store: images.store,
        offset: images.offset, stride: shape[1] * shape[2], count: shape[0], width: shape[2],
        height: shape[1], layout: .grey)
      return unsafe PackedSplit(
        parts: [part], classes: labels.withBytes { unsafe $0.map { Int32($0) } })
    }
  }

  /// The names under which a file is distributed.
  private static func spellings(_ name: String, _ dimensions: Int) -> [String] {
    ["-", "."].map { "\(name)\($0)idx\(dimensions)-ubyte" }.flatMap { [$0, $0 + ".gz"] }
  }
}
