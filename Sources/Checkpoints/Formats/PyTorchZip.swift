import Foundation
import Support

/// PyTorch's format since 1.6: a zip of a pickle, `NAME/data.pkl`, and its storages, `NAME/data/KEY`.
enum PyTorchZip: CheckpointFormat {
  static let name = "pytorch-zip"
  static let summary = "PyTorch zip (.pth, .pt, .bin)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    source.starts(with: zipSignature) && !NumPyArchive.recognizes(source)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    let archive = try ZipArchive(file)
    guard let pickle = archive.entries.first(where: { isMain($0.name) }) else {
      throw InputError(file.path, "is a zip file without data.pkl, so no PyTorch checkpoint")
    }
    let folder = String(pickle.name.dropLast("data.pkl".count))
    guard archive[folder + "constants.pkl"] == nil else {
      throw InputError(
        file.path, "is a TorchScript program, not a checkpoint",
        "save its weights: torch.save(torch.jit.load(path).state_dict(), path)")
    }
    let isBigEndian = try isBigEndian(archive, folder)
    return try archive.storage(of: pickle).withBytes { bytes in
      let (graph, root, _) = try PickleMachine.read(bytes, subject: file.path)
      let storages = try graph.storages.map {
        try storage($0, in: archive, folder: folder) as any ByteStorage
      }
      return try makeArchive(
        graph, root: root, storages: storages, isBigEndian: isBigEndian, source: (file.path, name))
    }
  }

  private static func isMain(_ name: String) -> Bool {
    name == "data.pkl"
      || name.hasSuffix("/data.pkl") && name.dropLast("/data.pkl".count).allSatisfy { $0 != "/" }
  }

  private static func isBigEndian(_ archive: ZipArchive, _ folder: String) throws -> Bool {
    guard let entry = archive[folder + "byteorder"], entry.count <= 16 else { return false }
    let order = try archive.storage(of: entry).withBytes { String(decoding: $0, as: UTF8.self) }
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
    let width = storage.type?.width ?? 1
    guard storage.count <= entry.count / width else {
      throw InputError(
        archive.file.path,
        "storage '\(storage.key.prefix(40))' has \(entry.count) bytes, not \(storage.count) × \(width)",
        "fetch the file again")
    }
    return archive.storage(of: entry)
  }
}

/// The first bytes of a zip file.
let zipSignature: [UInt8] = [0x50, 0x4b, 3, 4]
