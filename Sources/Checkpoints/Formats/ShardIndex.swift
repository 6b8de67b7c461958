import Foundation
import Support

/// `model.safetensors.index.json`: which file beside it holds each tensor.
enum ShardIndex: CheckpointFormat {
  static let name = "sharded"
  static let summary = "an index of shards (.index.json)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    source.file != nil && source.path.hasSuffix(".index.json")
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let index = try JSON.parse(contentsOf: source.path, limit: 1 << 24)
    guard let places = index["weight_map"]?.object, !places.isEmpty else {
      throw InputError(source.path, "has no weight_map")
    }
    var namesByFile: [String: Set<String>] = [:]
    for (name, place) in places {
      guard let file = place.string, !file.contains("/"), !file.contains("\0"), !file.isEmpty,
        file != "..", !file.hasSuffix(".index.json")
      else { throw InputError(source.path, "places '\(name)' in no file beside it") }
      namesByFile[file, default: []].insert(name)
    }
    guard namesByFile.count <= 1000 else {
      throw InputError(source.path, "names \(namesByFile.count) files")
    }
    let folder = source.path.parentFolder
    var tensors: [(name: String, tensor: StoredTensor)] = []
    var oddTensors: [(name: String, type: String)] = []
    var bytes = 0
    for (file, names) in namesByFile.sorted(by: { $0.key < $1.key }) {
      let shard = try openFile(folder.isEmpty ? file : folder + "/" + file)
      tensors += try Self.tensors(names, of: shard)
      oddTensors += shard.oddTensors.filter { names.contains($0.name) }
      bytes += shard.fileBytes
    }
    return TensorArchive(
      source: source.path, format: name, tensors: tensors,
      metadata: ["index": index["metadata"] ?? .object([:])], oddTensors: oddTensors,
      fileBytes: bytes)
  }

  private static func tensors(
    _ names: Set<String>, of shard: TensorArchive
  ) throws -> [(name: String, tensor: StoredTensor)] {
    let found = shard.stored().filter { names.contains($0.name) }
    let known = found.map(\.name) + shard.oddTensors.map(\.name)
    if let missing = names.subtracting(known).min() {
      throw InputError(shard.source, "lacks '\(missing)', which the index places there")
    }
    return found
  }
}
