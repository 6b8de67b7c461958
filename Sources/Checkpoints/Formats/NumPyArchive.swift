import Foundation
import Support

/// NumPy's `.npz`: a zip of `.npy` files, each the tensor of its name.
enum NumPyArchive: CheckpointFormat {
  static let name = "npz"
  static let summary = "NumPy (.npz)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    let bytes = unsafe source.bytes
    guard source.starts(with: zipSignature), bytes.count >= 30 else { return false }
    let nameEnd = unsafe 30 + Int(loadHalf(bytes, 26))
    return unsafe nameEnd <= bytes.count && bytes[30..<nameEnd].suffix(4).elementsEqual(".npy".utf8)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    let archive = try ZipArchive(file)
    let tensors = try archive.entries.compactMap { entry -> (name: String, tensor: StoredTensor)? in
      guard entry.name.hasSuffix(".npy") else { return nil }
      let storage = archive.storage(of: entry)
      let subject = "\(file.path): array '\(entry.name.prefix(200))'"
      let header = try unsafe storage.withPrefix(NumPyHeader.longest) {
        try unsafe NumPyHeader($0, subject: subject)
      }
      guard let tensor = try header.tensor(in: storage, subject: subject) else { return nil }
      // JAX's checkpoints have names like paths, others like attributes.
      let name = String(entry.name.dropLast(".npy".count)).replacing("/", with: ".")
      return (name, tensor)
    }
    guard !tensors.isEmpty else { throw InputError(file.path, "holds no arrays of numbers") }
    return TensorArchive(
      source: file.path, format: name, tensors: tensors, fileBytes: file.count)
  }
}
