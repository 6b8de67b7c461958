import Foundation
import Support

/// CIFAR-100, in its binary layout or as torchvision downloads it; 100 fine or 20 coarse classes.
enum CIFAR100: DatasetKind {
  static let kind = "cifar100"
  static let summary = "CIFAR-100: train and test, binary (.bin) or for Python"
  static let placeholder: String? = "DIR"
  static let options = [
    DatasetOption(name: "labels", summary: "'fine' (100 classes, default) or 'coarse' (20)")
  ]

  private static let inner = ["cifar-100-binary", "cifar-100-python"]

  static func recognizes(_ path: String) -> Bool {
    ([path] + inner.map { path + "/" + $0 }).contains {
      isFile($0 + "/fine_label_names.txt") || isFile($0 + "/meta") && isFile($0 + "/test")
    }
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let given = try specification.folder()
    let folder = inner.map { given + "/" + $0 }.first { isFolder($0) } ?? given
    let labels = try specification.choice("labels", of: ["fine", "coarse"])
    let count = labels == "fine" ? 100 : 20
    let isBinary = isFile(folder + "/train.bin")
    guard isBinary || isFile(folder + "/train") else {
      throw InputError(
        folder, "holds no train.bin and no train", "give the folder with CIFAR-100's files")
    }
    var hash = SHA256()
    func split(_ name: String) throws -> PackedSplit {
      // A record begins with the coarse label.
      isBinary
        ? try CIFARBatches.binary(
          "\(folder)/\(name).bin", labels: (2, labels == "fine" ? 1 : 0), classes: count, &hash)
        : try CIFARBatches.pickled(
          "\(folder)/\(name)", labels: "\(labels)_labels", classes: count, &hash)
    }
    let (train, test) = (try split("train"), try split("test"))
    let classes =
      isBinary
      ? try CIFARBatches.names(text: "\(folder)/\(labels)_label_names.txt", count: count)
      : try CIFARBatches.names(folder + "/meta", "\(labels)_label_names", count: count)
    hash.update(classes.joined(separator: "\n"))
    return Dataset(
      id: "cifar100:\(specification.pathName)" + (labels == "fine" ? "" : "?labels=coarse"),
      classes: classes, fingerprint: hash.hex(), train: train, test: test)
  }
}
