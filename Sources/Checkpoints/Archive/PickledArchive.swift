import Foundation
import Support

/// The tensors of a PyTorch file once its pickle is read and its storages are known.
///
/// - Parameters:
///   - graph: what the pickle describes.
///   - root: the value that was pickled.
///   - storages: the bytes of each of `graph.storages`.
///   - isBigEndian: whether storages hold the high byte first.
///   - source: path and format of the file.
/// - Returns: the archive.
/// - Throws: `InputError` if there is no tensor, or one reaches beyond its storage.
func makeArchive(
  _ graph: PickleGraph, root: PickleReference, storages: [any ByteStorage], isBigEndian: Bool,
  source: (path: String, format: String)
) throws -> TensorArchive {
  let content = try PickleContent(graph, root: root, subject: source.path)
  let tensors = try content.tensors.map { name, index in
    let described = graph.tensors[index]
    let storage: any ByteStorage
    var isSwapped = described.isBigEndian
    switch described.source {
    case .storage(let index):
      storage = storages[index]
      isSwapped = isBigEndian
    case .bytes(let start, let count):
      storage = MemoryStorage(data: Data(graph.stream[start..<start + count]))
    case .blob(let index): storage = MemoryStorage(data: graph.blobs[index])
    }
    return (
      name: name.isEmpty ? "tensor" : name,
      tensor: try StoredTensor(
        described.type, shape: described.shape, strides: described.strides,
        offset: described.offset, isBigEndian: isSwapped, storage: storage,
        subject: "\(source.path): tensor '\(name)'")
    )
  }
  guard !tensors.isEmpty else { throw InputError(source.path, "holds no tensors") }
  return TensorArchive(
    source: source.path, format: source.format, tensors: tensors, metadata: content.metadata)
}
