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
      summary: "number of classes (1…256; the greatest training label + 1 by default)")
  ]

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let folder = try specification.folder()
    let train = try pair("train", in: folder)
    let test = try pair("t10k", in: folder)
    let greatest = Int(train.labels.withBytes { $0.max() } ?? 0)
    let classes = try specification.integer("classes", default: greatest + 1, in: 1...256)
    var hash = SHA256()
    for part in [train, test] {
      try checkLabels(part, below: classes)
      hash.update("\(part.images.shape)\n")
      part.images.withBytes { hash.update($0) }
      part.labels.withBytes { hash.update($0) }
    }
    return Dataset(
      id: "idx:\(specification.pathName)\(specification.optionsText)",
      classes: (0..<classes).map(String.init),
      fingerprint: hash.hex(), train: split(train), test: split(test))
  }

  /// The two files of one split.
  private struct Pair {
    let images: IDXFile
    let labels: IDXFile
    let imagesPath: String
    let labelsPath: String
  }

  private static func pair(_ prefix: String, in folder: String) throws -> Pair {
    let images = try existingFile(spellings("\(prefix)-images", 3), in: folder)
    let labels = try existingFile(spellings("\(prefix)-labels", 1), in: folder)
    let pair = Pair(
      images: try IDXFile(images, dimensions: 3), labels: try IDXFile(labels, dimensions: 1),
      imagesPath: images, labelsPath: labels)
    guard pair.images.shape[0] == pair.labels.shape[0] else {
      throw InputError(
        labels, "has \(pair.labels.shape[0]) labels for \(pair.images.shape[0]) images",
        "check that both files belong together")
    }
    return pair
  }

  /// The names under which a file is distributed.
  private static func spellings(_ name: String, _ dimensions: Int) -> [String] {
    ["-", "."].map { "\(name)\($0)idx\(dimensions)-ubyte" }.flatMap { [$0, $0 + ".gz"] }
  }

  private static func checkLabels(_ pair: Pair, below classes: Int) throws {
    try pair.labels.withBytes { labels in
      guard let record = labels.firstIndex(where: { $0 >= classes }) else { return }
      throw InputError(
        pair.labelsPath, "record \(record) has label \(labels[record]), outside 0…\(classes - 1)",
        "fetch the file again, or set the option 'classes'")
    }
  }

  private static func split(_ pair: Pair) -> PackedSplit {
    let shape = pair.images.shape
    let images = PackedImages(
      name: pair.imagesPath.fileName, store: pair.images.store,
      offset: pair.images.offset, stride: shape[1] * shape[2], count: shape[0], width: shape[2],
      height: shape[1], layout: .grey)
    return PackedSplit(parts: [images], classes: pair.labels.withBytes { $0.map { Int32($0) } })
  }
}
