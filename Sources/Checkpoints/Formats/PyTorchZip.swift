import Foundation
import Support

/// PyTorch's format since 1.6: a zip of a pickle, `NAME/data.pkl`, and its storages, `NAME/data/KEY`.
enum PyTorchZip: CheckpointFormat {
  static let name = "pytorch-zip"
  static let summary = "PyTorch zip (.pth, .pt, .bin)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    source.starts(with: zipSignature) && !NumPyArchive.recognizes(source)
      && !TorchScript.recognizes(source)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    try open(source, format: name)
  }

  /// Reads the pickle of an archive, and finds its storages.
  static func open(_ source: CheckpointSource, format: String) throws -> TensorArchive {
    let file = try source.requireFile()
    let archive = try ZipArchive(file)
    guard let pickle = mainPickle(of: archive) else { throw noCheckpoint(archive) }
    let folder = String(pickle.name.dropLast("data.pkl".count))
    let isBigEndian = try isBigEndian(archive, folder)
    return try unsafe storage(of: pickle, in: archive).withBytes { bytes in
      let (graph, root, _) = try unsafe PickleMachine.read(bytes, subject: file.path)
      let pickled = PickledArchive(
        graph: graph, root: root, isBigEndian: isBigEndian, file: file, format: format)
      return try pickled.archive { try storage($0, in: archive, folder: folder) }
    }
  }

  /// The entry `NAME/data.pkl`.
  static func mainPickle(of archive: ZipArchive) -> ZipArchive.Entry? {
    archive.entries.first { entry in
      entry.name == "data.pkl"
        || entry.name.hasSuffix("/data.pkl")
          && entry.name.dropLast("/data.pkl".count).allSatisfy { $0 != "/" }
    }
  }

  /// What is said of a zip file of other things.
  private static func noCheckpoint(_ archive: ZipArchive) -> InputError {
    let names = archive.entries.map(\.name)
    let isKeras = names.contains { $0.hasSuffix("model.weights.h5") }
    let weights = names.first { name in
      ["pth", "pt", "safetensors", "bin", "ckpt"].contains(name.fileEnding.lowercased())
    }
    return InputError(
      archive.file.path,
      isKeras
        ? "is a Keras model, which cannot be read"
        : "is a zip file without data.pkl, so no PyTorch checkpoint",
      isKeras
        ? ForeignFile.conversion
        : weights.map { "unpack it and give '\($0.prefix(100))'" }
          ?? "unpack it and give the weights")
  }

  /// PyTorch writes a checksum of zero where it was asked to write none (`set_crc32_options(False)`).
  private static func storage(
    of entry: ZipArchive.Entry, in archive: ZipArchive
  ) -> any ByteStorage { archive.storage(of: entry, mayLackChecksum: true) }

  private static func isBigEndian(_ archive: ZipArchive, _ folder: String) throws -> Bool {
    guard let entry = archive[folder + "byteorder"], entry.count <= 16 else { return false }
    let order = try unsafe storage(of: entry, in: archive).withBytes {
      unsafe String(decoding: $0, as: UTF8.self)
    }
    switch order {
    case "little": return false
    case "big": return true
    default: throw InputError(archive.file.path, "its byte order is '\(order)'")
    }
  }

  private static func storage(
    _ storage: PickledStorage, in archive: ZipArchive, folder: String
  ) throws -> any ByteStorage {
    guard let entry = archive[folder + "data/" + storage.key] else {
      throw InputError(
        archive.file.path, "lacks the storage '\(storage.key.prefix(40))'", "fetch the file again")
    }
    let width = storage.width
    guard storage.count <= entry.count / width else {
      throw InputError(
        archive.file.path,
        "storage '\(storage.key.prefix(40))' has \(entry.count) bytes, not \(storage.count) × \(width)",
        "fetch the file again")
    }
    return Self.storage(of: entry, in: archive)
  }
}

/// The first bytes of a zip file.
let zipSignature: [UInt8] = [0x50, 0x4b, 3, 4]
