import Foundation

/// PyTorch's format before 1.6, which `pickle.dump` of a tensor still uses: five pickles, then the storages.
///
///     pickle of 0x1950a86a20f9469cfc6c, pickle of 1001, pickle of the writer's word sizes and byte order,
///     pickle of the value, pickle of the list of storage keys,
///     and in the order of that list: number of elements (64 bits), elements
package struct LegacyTorchStream {
  /// The magic number's little-endian bytes.
  private static let magic: [UInt8] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]

  /// What the fourth pickle describes.
  package let graph: PickleGraph
  package let root: PickleReference
  /// Whether storages hold the high byte first.
  package let isBigEndian: Bool
  private let places: [String: Range<Int>]
  private let subject: String

  /// Reads the pickles and finds the storages.
  ///
  /// - Parameters:
  ///   - bytes: the stream; must outlive the graph.
  ///   - subject: the file, for messages.
  ///   - isEmbedded: whether it lies inside another pickle.
  /// - Throws: `InputError` if it is of another format, or damaged.
  package init(_ bytes: UnsafeRawBufferPointer, subject: String, isEmbedded: Bool = false) throws {
    var position = 0
    func next() throws -> (graph: PickleGraph, root: PickleReference) {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[position...])
      let (graph, root, length) = try unsafe PickleMachine.read(
        rest, subject: subject, isEmbedded: isEmbedded)
      position += length
      return (graph, root)
    }
    guard Self.isMagic(try next()) else {
      throw InputError(subject, "holds a storage that PyTorch did not write")
    }
    let (version, versionRoot) = try next()
    guard version.integer(versionRoot) == 1001 else {
      throw InputError(subject, "is of an unknown version of PyTorch's legacy format")
    }
    isBigEndian = !Self.isLittleEndian(try next())
    (graph, root) = try next()
    let (keys, keysRoot) = try next()
    let order = (keys.sequence(keysRoot) ?? []).compactMap { keys.string($0) }
    places = try unsafe Self.places(graph, order: order, bytes, start: position, subject: subject)
    self.subject = subject
  }

  /// Whether the stream begins as those of PyTorch do, and not as a plain pickle.
  package static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = unsafe [UInt8](bytes.prefix(32))
    return start.indices.contains { start[$0...].starts(with: magic) }
  }

  private static func isMagic(_ first: (graph: PickleGraph, root: PickleReference)) -> Bool {
    guard case .long(let start, let count) = first.graph[first.root] else { return false }
    return unsafe first.graph.stream[start..<start + count].elementsEqual(magic)
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
  private static func places(
    _ graph: PickleGraph, order: [String], _ bytes: UnsafeRawBufferPointer, start: Int,
    subject: String
  ) throws -> [String: Range<Int>] {
    let widths = Dictionary(
      graph.storages.map { ($0.key, $0.width) }, uniquingKeysWith: { first, _ in first })
    var places: [String: Range<Int>] = [:]
    var position = start
    for key in order {
      guard let width = widths[key], places[key] == nil else {
        throw InputError(subject, "lists the storage '\(key.prefix(40))' that no tensor uses")
      }
      guard position <= bytes.count - 8, case let count = unsafe loadLong(bytes, position),
        count >= 0,
        count <= (bytes.count - position - 8) / width
      else {
        throw InputError(
          subject, "ends inside the storage '\(key.prefix(40))'",
          "the download is incomplete; fetch it again")
      }
      places[key] = position + 8..<position + 8 + count * width
      position += 8 + count * width
    }
    return places
  }

  /// Where the bytes of a storage of `graph` lie.
  /// - Throws: `InputError` if they are not there.
  package func place(of storage: PickledStorage) throws -> Range<Int> {
    let width = storage.width
    guard let place = places[storage.key], storage.viewOffset <= place.count / width,
      storage.count <= place.count / width - storage.viewOffset
    else {
      throw InputError(
        subject, "lacks the storage '\(storage.key.prefix(40))'", "fetch the file again")
    }
    let start = place.lowerBound + storage.viewOffset * width
    return start..<start + storage.count * width
  }
}
