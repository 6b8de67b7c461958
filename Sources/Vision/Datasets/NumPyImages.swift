import Foundation
import Support

/// Pictures and labels in `.npy` files.
enum NumPyImages: DatasetKind {
  static let kind = "npy"
  static let summary =
    "NumPy arrays: x_train.npy, y_train.npy, x_test.npy, y_test.npy (and x_val.npy, y_val.npy)"
  static let placeholder: String? = "DIR or PREFIX"
  static let options = [
    DatasetOption(
      name: "classes", summary: "number of classes (the greatest training label + 1 by default)")
  ]

  private static let greatestClassCount = 1 << 20

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let prefix = try prefix(of: specification)
    let train = try Pair(prefix, "train")
    let test = try Pair(prefix, "test")
    let hasValidation = FileSystem.exists(prefix + "x_val.npy")
    let validation = hasValidation ? try Pair(prefix, "val") : nil
    let classes = try classCount(specification, train)
    var hash = SHA256()
    for pair in [train, validation, test].compactMap({ $0 }) {
      try pair.checkLabels(below: classes)
      hash.update("\(pair.images.shape) \(pair.labels.element)\n")
      pair.images.withBytes { hash.update($0) }
      pair.labels.withBytes { hash.update($0) }
    }
    return Dataset(
      id: "npy:\(specification.pathName)\(specification.optionsText)",
      classes: (0..<classes).map(String.init), fingerprint: hash.hex(), train: train.split,
      validation: validation?.split, test: test.split)
  }

  /// What comes before `x_train.npy`: a folder and a slash, or the path itself.
  private static func prefix(of specification: DatasetSpecification) throws -> String {
    if let path = specification.path, !isFolder(path),
      FileSystem.exists(path + "x_train.npy")
    {
      return path
    }
    return try specification.folder() + "/"
  }

  private static func classCount(
    _ specification: DatasetSpecification, _ train: Pair
  ) throws -> Int {
    let greatest = (0..<train.labels.count).map { train.labels.integer(at: $0) }.max() ?? 0
    let limit = min(greatestClassCount, max(2, train.labels.count))
    guard specification.has("classes") || greatest < limit else {
      throw InputError(
        train.labels.path, "has label \(greatest) among \(train.labels.count) examples",
        "number the classes from 0, or set the option 'classes'")
    }
    return try specification.integer(
      "classes", default: max(1, greatest + 1), in: 1...greatestClassCount)
  }

  /// The two files of one split.
  private struct Pair {
    let images: NumPyArray
    let labels: NumPyArray

    init(_ prefix: String, _ name: String) throws {
      images = try NumPyArray(prefix + "x_\(name).npy")
      labels = try NumPyArray(prefix + "y_\(name).npy")
      let shape = images.shape
      let hasGoodShape =
        (shape.count == 3 || shape.count == 4 && (shape[3] == 3 || shape[3] == 1))
        && shape[0] > 0 && shape[1...2].allSatisfy { (1...DecodingLimits.side).contains($0) }
      guard hasGoodShape, images.element == .unsigned(bytes: 1) else {
        throw InputError(
          images.path, "holds \(images.element) of shape \(shape)",
          "pictures must be uint8 of shape [n, height, width] or [n, height, width, 3]")
      }
      guard labels.count == shape[0], labels.shape.count == 1 || labels.shape.dropFirst() == [1]
      else {
        throw InputError(
          labels.path, "has shape \(labels.shape) for \(shape[0]) pictures",
          "labels must be whole numbers of shape [n]")
      }
    }

    func checkLabels(below classes: Int) throws {
      for record in 0..<labels.count {
        let label = labels.integer(at: record)
        guard label >= 0, label < classes else {
          throw InputError(
            labels.path, "record \(record) has label \(label), outside 0…\(classes - 1)",
            "number the classes from 0, or set the option 'classes'")
        }
      }
    }

    var split: PackedSplit {
      let shape = images.shape
      let layout: PixelLayout = shape.count == 4 && shape[3] == 3 ? .interleaved : .grey
      let part = PackedImages(
        name: images.path.fileName, store: images.file,
        offset: images.offset, stride: shape[1] * shape[2] * layout.channels, count: shape[0],
        width: shape[2], height: shape[1], layout: layout)
      return PackedSplit(
        parts: [part], classes: (0..<labels.count).map { Int32(labels.integer(at: $0)) })
    }
  }
}
