import Foundation
import Support

/// A file format that holds named tensors; each lives in one file of `Formats`.
package protocol CheckpointFormat: Sendable {
  /// Its name in reports: `safetensors`.
  static var name: String { get }
  /// What it is, in a few words.
  static var summary: String { get }

  /// Whether the file or folder is of this format, judged by its first bytes or its listing.
  static func recognizes(_ source: CheckpointSource) -> Bool

  /// Reads names, shapes and places of all tensors; their elements are read later.
  /// - Throws: `InputError` when the content is not as the format demands.
  static func open(_ source: CheckpointSource) throws -> TensorArchive
}

/// A checkpoint file or folder before its format is known.
package struct CheckpointSource: Sendable {
  /// Where it is.
  package let path: String
  /// The mapped file; nil for a folder.
  let file: MappedFile?

  /// Looks at what is at `path`.
  /// - Throws: `InputError` if there is nothing or it cannot be read.
  package init(_ path: String) throws {
    self.path = path
    guard FileSystem.exists(path) else {
      throw InputError(
        path, "there is no such file or folder",
        "give a checkpoint folder, a .safetensors, .pth, .pt, .th, .bin or .npz file, "
          + "random:ENCODER, or pixels")
    }
    file = FileSystem.isFolder(path) ? nil : try MappedFile(path)
  }

  /// The bytes of a file; none for a folder.
  var bytes: UnsafeRawBufferPointer {
    unsafe file?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  /// Whether the file begins with `bytes`.
  func starts(with bytes: [UInt8]) -> Bool { unsafe self.bytes.starts(with: bytes) }

  /// The mapped file.
  /// - Throws: `InputError` for a folder.
  func requireFile() throws -> MappedFile {
    guard let file else { throw InputError(path, "is a folder, not a file") }
    return file
  }
}

/// Reads a checkpoint of any known format.
///
/// - Parameter path: a file, or a folder with `config.json` and weights.
/// - Returns: its tensors, not yet read.
/// - Throws: `InputError` when nothing is there, the format is unknown, or the content is damaged.
package func openCheckpoint(_ path: String) throws -> TensorArchive {
  let archive = try openFile(path)
  guard archive.format != ModelFolder.name else { return archive }
  return archive.with(metadata: try ModelFolder.neighbours(of: path, archive.metadata))
}

/// Reads a file or folder, without the settings that lie beside a file.
func openFile(_ path: String) throws -> TensorArchive {
  let source = try CheckpointSource(path)
  for format in allFormats where format.recognizes(source) { return try format.open(source) }
  let known = allFormats.map { $0.summary }.joined(separator: ", ")
  throw ForeignFile.refusal(try source.requireFile(), known: known)
}
