import Foundation
import Support

/// PyTorch's format before 1.6: five pickles, then the storages.
///
///     pickle of 0x1950a86a20f9469cfc6c, pickle of 1001, pickle of the writer's word sizes and byte order,
///     pickle of the value, pickle of the list of storage keys,
///     and in the order of that list: number of elements (64 bits), elements
enum PyTorchLegacy: CheckpointFormat {
  static let name = "pytorch-legacy"
  static let summary = "legacy PyTorch (.th, .pth.tar)"

  /// The magic number's little-endian bytes.
  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

  static func recognizes(_ source: CheckpointSource) -> Bool {
    // The length of a safetensors header may begin with the same two bytes.
    source.bytes.count >= 2 && source.bytes[0] == 0x80 && source.bytes[1] <= 5
      && !Safetensors.recognizes(source)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    var position = 0
    func next() throws -> (graph: PickleGraph, root: PickleReference) {
      let rest = UnsafeRawBufferPointer(rebasing: file.bytes[position...])
      let (graph, root, length) = try PickleMachine.read(rest, subject: file.path)
      position += length
      return (graph, root)
    }
    let (first, firstRoot) = try next()
    guard case .long(let start, let count) = first[firstRoot],
      first.stream[start..<start + count].elementsEqual(magic)
    else {
      throw InputError(
        file.path, "is a plain pickle, not one of PyTorch", "save it by torch.save or safetensors")
    }
    let (version, versionRoot) = try next()
    guard version.integer(versionRoot) == 1001 else {
      throw InputError(file.path, "is of an unknown version of PyTorch's legacy format")
    }
    let isBigEndian = !(try isLittleEndian(next()))
    let (graph, root) = try next()
    let (keys, keysRoot) = try next()
    let order = (keys.sequence(keysRoot) ?? []).compactMap { keys.string($0) }
    let places = try storages(graph, order: order, file: file, start: position)
    let storages = try graph.storages.map { try view($0, places, file) as any ByteStorage }
    return try makeArchive(
      graph, root: root, storages: storages, isBigEndian: isBigEndian, source: (file.path, name))
  }

  /// What the third pickle says about the writer.
  private static func isLittleEndian(_ system: (graph: PickleGraph, root: PickleReference)) -> Bool
  {
    guard case .dictionary(let items) = system.graph[system.root] else { return true }
    for place in stride(from: 0, to: items.count - 1, by: 2)
    where system.graph.string(items[place]) == "little_endian" {
      return system.graph.integer(items[place + 1]) != 0
    }
    return true
  }

  /// Where the bytes of each storage lie.
  private static func storages(
    _ graph: PickleGraph, order: [String], file: MappedFile, start: Int
  ) throws -> [String: Range<Int>] {
    let types = Dictionary(
      graph.storages.map { ($0.key, $0.type) }, uniquingKeysWith: { first, _ in first })
    var places: [String: Range<Int>] = [:]
    var position = start
    for key in order {
      guard let type = types[key], places[key] == nil else {
        throw InputError(file.path, "lists the storage '\(key.prefix(40))' that no tensor uses")
      }
      let width = type?.width ?? 1
      guard position <= file.count - 8, case let count = loadLong(file.bytes, position), count >= 0,
        count <= (file.count - position - 8) / width
      else {
        throw InputError(
          file.path, "ends inside the storage '\(key.prefix(40))'",
          "the download is incomplete; fetch it again")
      }
      places[key] = position + 8..<position + 8 + count * width
      position += 8 + count * width
    }
    return places
  }

  private static func view(
    _ storage: PickledStorage, _ places: [String: Range<Int>], _ file: MappedFile
  ) throws -> MappedStorage {
    let width = storage.type?.width ?? 1
    guard let place = places[storage.key], storage.viewOffset <= place.count / width,
      storage.count <= place.count / width - storage.viewOffset
    else {
      throw InputError(
        file.path, "lacks the storage '\(storage.key.prefix(40))'", "fetch the file again")
    }
    let start = place.lowerBound + storage.viewOffset * width
    return MappedStorage(file: file, range: start..<start + storage.count * width)
  }
}
