import Foundation
import Support

/// Pictures and labels of one split in two NumPy arrays.
struct ArrayPictures {
  let images: NumPyArray
  let labels: NumPyArray

  private static let greatestClassCount = 1 << 20

  /// Checks that shapes and types are those of pictures and labels.
  /// - Throws: `InputError` that names the array that is wrong.
  init(images: NumPyArray, labels: NumPyArray) throws {
    self.images = images
    self.labels = labels
    let shape = images.shape
    let hasGoodShape =
      (shape.count == 3 || shape.count == 4 && (shape[3] == 3 || shape[3] == 1))
      && shape[0] > 0 && shape[1...2].allSatisfy { (1...DecodingLimits.side).contains($0) }
    guard hasGoodShape, images.element == .unsigned(bytes: 1) else {
      throw InputError(
        images.path, "holds \(images.element) of shape \(shape)",
        "pictures must be uint8 of shape [n, height, width] or [n, height, width, 3]")
    }
    guard labels.shape.first == shape[0], labels.shape.count == 1 || labels.shape.dropFirst() == [1]
    else {
      throw InputError(
        labels.path, "has shape \(labels.shape) for \(shape[0]) pictures",
        "labels must be one whole number a picture, of shape [n]")
    }
  }

  /// The number of classes: the option `classes`, or the greatest training label and one.
  func classCount(_ specification: DatasetSpecification) throws -> Int {
    let range = 1...Self.greatestClassCount
    guard !specification.has("classes") else {
      return try specification.integer("classes", default: 1, in: range)
    }
    let greatest = (0..<labels.count).map { labels.integer(at: $0) }.max() ?? 0
    guard greatest < min(Self.greatestClassCount, max(2, labels.count)) else {
      throw InputError(
        labels.path, "has label \(greatest) among \(labels.count) examples",
        "number the classes from 0, or set the option 'classes'")
    }
    return max(1, greatest + 1)
  }

  /// Refuses labels that are no classes.
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

  /// The pictures as a split whose examples are called `name`.
  func split(_ name: String) -> PackedSplit {
    let shape = images.shape
    let layout: PixelLayout = shape.count == 4 && shape[3] == 3 ? .interleaved : .grey
    let part = PackedImages(
      name: name, store: images.store, offset: images.offset,
      stride: shape[1] * shape[2] * layout.channels, count: shape[0], width: shape[2],
      height: shape[1], layout: layout)
    return PackedSplit(
      parts: [part], classes: (0..<labels.count).map { Int32(labels.integer(at: $0)) })
  }

  /// The data set of two or three splits, whose examples are called by `names`.
  /// - Throws: `InputError` that names the label that is no class.
  static func dataset(
    _ specification: DatasetSpecification, train: ArrayPictures, validation: ArrayPictures?,
    test: ArrayPictures, names: [String]
  ) throws -> Dataset {
    let classes = try train.classCount(specification)
    var hash = SHA256()
    for pair in [train, validation, test].compactMap({ $0 }) {
      try pair.checkLabels(below: classes)
      hash.update("\(pair.images.shape) \(pair.labels.element)\n")
      unsafe pair.images.withBytes { unsafe hash.update($0) }
      unsafe pair.labels.withBytes { unsafe hash.update($0) }
    }
    return Dataset(
      id: "\(specification.kind):\(specification.pathName)\(specification.optionsText)",
      classes: (0..<classes).map(String.init), fingerprint: hash.hex(),
      train: train.split(names[0]), validation: validation?.split(names[1]),
      test: test.split(names[2]))
  }
}
