import Foundation
import Support

/// A file whose pickle is read and whose storages can be found.
struct PickledArchive {
  /// What the pickle describes, and the value that was pickled.
  let graph: PickleGraph
  let root: PickleReference
  /// Whether storages hold the high byte first.
  let isBigEndian: Bool
  let file: MappedFile
  /// The format's name.
  let format: String

  /// The tensors of the file.
  ///
  /// - Parameter open: finds the bytes of a storage; called once for each.
  /// - Returns: the archive.
  /// - Throws: `InputError` if there is no tensor, or one reaches beyond its storage.
  func archive(_ open: (PickledStorage) throws -> any ByteStorage) throws -> TensorArchive {
    let content = try PickleContent(graph, root: root, subject: file.path)
    guard !content.tensors.isEmpty || !content.oddTensors.isEmpty else {
      throw InputError(
        file.path, "is a \(kind) that holds no tensors",
        format == TorchScript.name
          ? "torch.jit.freeze moves weights into the code: save the module before that, or a state_dict"
          : "save a state_dict")
    }
    let storages = try storages(of: content, open)
    let tensors = try content.tensors.map { name, index in
      (name: name.isEmpty ? "tensor" : name, tensor: try tensor(index, name, storages))
    }
    return TensorArchive(
      source: file.path, format: format, tensors: tensors, metadata: content.metadata,
      oddTensors: content.oddTensors, opaqueNames: graph.opaqueNames, fileBytes: file.count)
  }

  /// What the file is, for messages.
  private var kind: String {
    switch format {
    case PlainPickle.name: "plain pickle"
    case TorchScript.name: "TorchScript program"
    default: "PyTorch file"
    }
  }

  /// The bytes of the storages that tensors are views of; those of several tensors are unpacked once.
  private func storages(
    of content: PickleContent, _ open: (PickledStorage) throws -> any ByteStorage
  ) throws -> [Int: any ByteStorage] {
    var uses: [String: Int] = [:]
    var indices: [Int] = []
    for (_, index) in content.tensors {
      guard case .storage(let storage) = graph.tensors[index].source else { continue }
      indices.append(storage)
      uses[graph.storages[storage].place, default: 0] += 1
    }
    var opened: [String: any ByteStorage] = [:]
    var result: [Int: any ByteStorage] = [:]
    for index in indices where result[index] == nil {
      let storage = graph.storages[index]
      if opened[storage.place] == nil {
        let bytes = try open(storage)
        let isShared = uses[storage.place, default: 0] > 1 && bytes is DeflatedStorage
        opened[storage.place] = isShared ? KeptStorage(bytes) : bytes
      }
      result[index] = opened[storage.place]
    }
    return result
  }

  private func tensor(
    _ index: Int, _ name: String, _ storages: [Int: any ByteStorage]
  ) throws -> StoredTensor {
    let described = graph.tensors[index]
    let storage: any ByteStorage
    var isSwapped = described.isBigEndian
    switch described.source {
    case .storage(let index):
      guard let found = storages[index] else { throw InputError(file.path, "lacks a storage") }
      storage = found
      isSwapped = isBigEndian
    case .bytes(let start, let count):
      storage = unsafe MemoryStorage(data: Data(graph.stream[start..<start + count]))
    case .blob(let index): storage = MemoryStorage(data: graph.blobs[index])
    case .part(let index, let range): storage = MemoryStorage(data: Data(graph.blobs[index][range]))
    }
    return try StoredTensor(
      described.type, shape: described.shape, strides: described.strides,
      offset: described.offset, isBigEndian: isSwapped, storage: storage,
      subject: "\(file.path): tensor '\(name)'")
  }
}

extension PickledStorage {
  /// What two storages of the same bytes share.
  fileprivate var place: String { "\(key) \(viewOffset) \(count) \(width)" }
}
