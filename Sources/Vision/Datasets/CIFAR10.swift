import Foundation
import Support

/// CIFAR-10, in its binary layout or as the Python batches that torchvision downloads.
enum CIFAR10: DatasetKind {
  static let kind = "cifar10"
  static let summary = "CIFAR-10: data_batch_* and test_batch, binary (.bin) or for Python"
  static let placeholder: String? = "DIR"

  private static let inner = ["cifar-10-batches-bin", "cifar-10-batches-py"]

  static func recognizes(_ path: String) -> Bool {
    ([path] + inner.map { path + "/" + $0 }).contains {
      isFile($0 + "/test_batch.bin") || isFile($0 + "/test_batch") && isFile($0 + "/batches.meta")
    }
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let folder = try batchesFolder(try specification.folder())
    let names = try batchNames(in: folder)
    let isPickled = names[0].fileEnding != "bin"
    var hash = SHA256()
    func split(_ name: String) throws -> PackedSplit {
      let path = folder + "/" + name
      return isPickled
        ? try CIFARBatches.pickled(path, labels: "labels", classes: 10, &hash)
        : try CIFARBatches.binary(path, labels: (1, 0), classes: 10, &hash)
    }
    let train = PackedSplit.joined(try names.map(split))
    let test = try split(isPickled ? "test_batch" : "test_batch.bin")
    let classes = try classNames(in: folder)
    hash.update(classes.joined(separator: "\n"))
    return Dataset(
      id: "cifar10:\(specification.pathName)", classes: classes, fingerprint: hash.hex(),
      train: train, test: test)
  }

  /// The folder itself, or the one that the official archive makes in it.
  private static func batchesFolder(_ folder: String) throws -> String {
    inner.map { folder + "/" + $0 }.first { isFolder($0) } ?? folder
  }

  /// The training batches that are there, in the order of their numbers: binary ones, or those for Python.
  private static func batchNames(in folder: String) throws -> [String] {
    let names = try fileNames(in: folder).filter { $0.hasPrefix("data_batch_") }
    let binary = names.filter { $0.hasSuffix(".bin") }
    let found = binary.isEmpty ? names.filter { $0.fileEnding.isEmpty } : binary
    guard !found.isEmpty else {
      throw InputError(
        folder, "holds no data_batch_1.bin or data_batch_1, nor any other data_batch_*",
        "give the folder with CIFAR-10's binary or Python batches")
    }
    return found.sorted { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
  }

  private static func classNames(in folder: String) throws -> [String] {
    let text = folder + "/batches.meta.txt"
    if isFile(text) { return try CIFARBatches.names(text: text, count: 10) }
    let pickled = folder + "/batches.meta"
    if isFile(pickled) { return try CIFARBatches.names(pickled, "label_names", count: 10) }
    return usualNames
  }

  private static let usualNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
}
