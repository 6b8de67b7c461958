import Foundation
import Support

/// NumPy's `.npy`: one array, named `array`.
enum NumPyArray: CheckpointFormat {
  static let name = "npy"
  static let summary = "NumPy (.npy)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    source.starts(with: NumPyHeader.signature)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    let header = try unsafe NumPyHeader(file.bytes, subject: file.path)
    let storage = MappedStorage(file: file, range: 0..<file.count)
    guard let tensor = try header.tensor(in: storage, subject: file.path) else {
      throw InputError(file.path, "holds texts or objects, not numbers")
    }
    return TensorArchive(
      source: file.path, format: name, tensors: [("array", tensor)], fileBytes: file.count)
  }
}
