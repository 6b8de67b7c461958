import Foundation
import Support

/// CIFAR-10 in its binary layout: records of one label and 3,072 samples.
enum CIFAR10: DatasetKind {
  static let kind = "cifar10"
  static let summary = "CIFAR-10 binary batches: data_batch_*.bin and test_batch.bin"
  static let placeholder: String? = "DIR"

  private static let side = 32
  private static let recordSize = 1 + 3 * side * side

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let folder = try batchesFolder(try specification.folder())
    let names = try batchNames(in: folder)
    var hash = SHA256()
    let train = try split(names, in: folder, &hash)
    let test = try split(["test_batch.bin"], in: folder, &hash)
    let classes = try classNames(in: folder)
    hash.update(classes.joined(separator: "\n"))
    return Dataset(
      id: "cifar10:\(specification.pathName)", classes: classes, fingerprint: hash.hex(),
      train: train, test: test)
  }

  /// The folder itself, or the one that the official archive makes in it.
  private static func batchesFolder(_ folder: String) throws -> String {
    let inner = folder + "/cifar-10-batches-bin"
    return isFolder(inner) ? inner : folder
  }

  /// The training batches that are there, in the order of their numbers.
  private static func batchNames(in folder: String) throws -> [String] {
    let names = try fileNames(in: folder).filter {
      $0.hasPrefix("data_batch_") && $0.hasSuffix(".bin")
    }
    guard !names.isEmpty else {
      throw InputError(
        folder, "holds no data_batch_1.bin, nor any other data_batch_*.bin",
        "give the folder with CIFAR-10's binary batches")
    }
    return names.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }

  private static func split(
    _ names: [String], in folder: String, _ hash: inout SHA256
  ) throws -> PackedSplit {
    var parts: [PackedImages] = []
    var labels: [Int32] = []
    for name in names {
      let path = folder + "/" + name
      let file = try MappedFile(path)
      let count = file.count / recordSize
      guard count > 0, file.count == count * recordSize else {
        throw InputError(
          path, "\(file.count) bytes are not a whole number of records of \(recordSize) bytes",
          "the file is incomplete or of another kind; fetch it again")
      }
      for record in 0..<count {
        let label = file.bytes[record * recordSize]
        guard label < 10 else {
          throw InputError(
            path, "record \(record) has label \(label), outside 0…9",
            "the file is damaged or of another kind; fetch it again")
        }
        labels.append(Int32(label))
      }
      hash.update("\(count) records\n")
      hash.update(file.bytes)
      parts.append(
        PackedImages(
          name: name, store: file, offset: 1, stride: recordSize, count: count, width: side,
          height: side, layout: .planar))
    }
    return PackedSplit(parts: parts, classes: labels)
  }

  private static func classNames(in folder: String) throws -> [String] {
    let path = folder + "/batches.meta.txt"
    guard FileSystem.exists(path) else { return usualNames }
    let file = try MappedFile(path)
    let text = withExtendedLifetime(file) {
      String(decoding: file.bytes.prefix(1 << 16), as: UTF8.self)
    }
    let lines =
      text
      .split(whereSeparator: { $0.isNewline })
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    guard lines.count == 10, Set(lines).count == 10 else {
      throw InputError(
        path, "\(Set(lines).count) different class names where 10 are needed",
        "restore the file, or remove it for the usual names")
    }
    return lines
  }

  private static let usualNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
}
