import Foundation
import Support

/// STL-10's binary files: pictures of 96 pixels a side, columns before rows.
enum STL10: DatasetKind {
  static let kind = "stl10"
  static let summary = "STL-10: train_X.bin, train_y.bin, test_X.bin, test_y.bin, class_names.txt"
  static let placeholder: String? = "DIR"

  private static let side = 96
  private static let inner = "stl10_binary"

  static func recognizes(_ path: String) -> Bool {
    isFile(path + "/train_X.bin") || isFile("\(path)/\(inner)/train_X.bin")
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let given = try specification.folder()
    let folder = isFolder("\(given)/\(inner)") ? "\(given)/\(inner)" : given
    let classes = try CIFARBatches.names(text: folder + "/class_names.txt", count: 10)
    var hash = SHA256()
    hash.update(classes.joined(separator: "\n"))
    let train = try split("train", in: folder, &hash)
    let test = try split("test", in: folder, &hash)
    var reading = DatasetReading()
    if isFile(folder + "/unlabeled_X.bin") {
      reading.remarks.append("unlabeled_X.bin has no classes and is not read")
    }
    return Dataset(
      id: "stl10:\(specification.pathName)", classes: classes, fingerprint: hash.hex(),
      train: train, test: test, reading: reading)
  }

  private static func split(_ name: String, in folder: String, _ hash: inout SHA256) throws
    -> PackedSplit
  {
    let path = "\(folder)/\(name)_X.bin"
    let (images, labels) = (try MappedFile(path), try MappedFile("\(folder)/\(name)_y.bin"))
    let size = 3 * side * side
    guard images.count > 0, images.count == labels.count * size else {
      throw InputError(
        path, "\(images.count) bytes are not \(labels.count) pictures of \(size) bytes",
        "the file is incomplete or of another kind; fetch it again")
    }
    let found = withExtendedLifetime(labels) { unsafe labels.bytes.map { Int32($0) - 1 } }
    if let record = found.firstIndex(where: { !(0..<10).contains($0) }) {
      throw InputError(
        labels.path, "record \(record) has label \(found[record] + 1), outside 1…10",
        "the file is damaged or of another kind; fetch it again")
    }
    withExtendedLifetime((images, labels)) {
      unsafe hash.update(images.bytes)
      unsafe hash.update(labels.bytes)
    }
    let part = PackedImages(
      name: "\(name)_X.bin", store: images, offset: 0, stride: size, count: labels.count,
      width: side, height: side, layout: .planarColumns)
    return PackedSplit(parts: [part], classes: found)
  }
}
