import Foundation
import Support

/// Pictures and labels in one `.npz` file, by the names of Keras or of MedMNIST.
enum NumPyArchiveImages: DatasetKind {
  static let kind = "npz"
  static let summary =
    "one NumPy archive: x_train, y_train, x_test, y_test (Keras), or train_images, train_labels, … (MedMNIST)"
  static let placeholder: String? = "FILE"
  static let options = NumPyImages.options

  /// Names of images and labels, for train, validation and test.
  private static let namings = [
    ["train": ("x_train", "y_train"), "val": ("x_val", "y_val"), "test": ("x_test", "y_test")],
    [
      "train": ("train_images", "train_labels"), "val": ("val_images", "val_labels"),
      "test": ("test_images", "test_labels"),
    ],
  ]

  static func recognizes(_ path: String) -> Bool {
    guard isFile(path), path.hasSuffix(".npz"), let file = try? MappedFile(path) else {
      return false
    }
    return (try? ZipArchive(file)).map { naming(of: $0) != nil } ?? false
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let path = try specification.file()
    let archive = try ZipArchive(MappedFile(path))
    guard let names = naming(of: archive) else {
      let found = archive.entries.map { $0.name.replacingOccurrences(of: ".npy", with: "") }
      throw InputError(
        path, "holds \(found.isEmpty ? "nothing" : found.briefly)",
        "name the arrays x_train, y_train, x_test, y_test or train_images, train_labels, …")
    }
    func pair(_ split: String) throws -> ArrayPictures? {
      guard let (images, labels) = names[split], archive[images + ".npy"] != nil else { return nil }
      return try ArrayPictures(
        images: array(images, in: archive, path), labels: array(labels, in: archive, path))
    }
    guard let train = try pair("train") else {
      throw InputError(path, "holds no training pictures")
    }
    let (validation, test) = (try pair("val"), try pair("test"))
    guard let tested = test ?? validation else {
      throw InputError(
        path, "holds no test pictures", "add them, or use npy: and files of their own")
    }
    return try ArrayPictures.dataset(
      specification, train: train, validation: test == nil ? nil : validation, test: tested,
      names: ["train", "val", test == nil ? "val" : "test"])
  }

  private static func naming(of archive: ZipArchive) -> [String: (String, String)]? {
    namings.first { $0["train"].map { archive[$0.0 + ".npy"] != nil } ?? false }
  }

  /// An array of the archive: mapped where it is stored as it is, else unpacked; its checksum is checked.
  private static func array(_ name: String, in archive: ZipArchive, _ path: String) throws
    -> NumPyArray
  {
    let subject = "\(path): array '\(name)'"
    guard let entry = archive[name + ".npy"] else {
      throw InputError(path, "holds no array '\(name)'", "save pictures and labels together")
    }
    // Reading a storage checks its sum.
    let storage = archive.storage(of: entry)
    guard !entry.isDeflated else {
      let unpacked = try unsafe storage.withBytes { unsafe OwnedBytes(Data($0)) }
      return try NumPyArray(unpacked, range: 0..<entry.count, path: subject)
    }
    try unsafe storage.withBytes { _ in }
    return try NumPyArray(archive.file, range: entry.range, path: subject)
  }
}
