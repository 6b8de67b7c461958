/// The ids of examples as rows of bytes of equal width, as in the file, so that tables of millions
/// of examples are read and compared without making a string of each.
package struct ExampleIDs: Equatable, Sendable {
  /// The bytes of all ids, each padded with zeros to `width`.
  package let bytes: [UInt8]
  /// Bytes per id; at least 1.
  package let width: Int

  /// Packs ids as UTF-8.
  package init(_ ids: [String]) {
    let width = max(1, ids.map(\.utf8.count).max() ?? 1)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ids.count * width)
    for id in ids {
      bytes.append(contentsOf: id.utf8)
      bytes.append(contentsOf: repeatElement(0, count: width - id.utf8.count))
    }
    self.init(bytes: bytes, width: width)
  }

  /// Ids that are packed already.
  package init(bytes: [UInt8], width: Int) {
    precondition(width >= 1 && bytes.count.isMultiple(of: width), "ids of uneven width")
    self.bytes = bytes
    self.width = width
  }

  /// How many ids there are.
  package var count: Int { bytes.count / width }

  /// One id as text.
  package subscript(index: Int) -> String {
    let row = bytes[index * width..<(index + 1) * width]
    let end = row.lastIndex { $0 != 0 }.map { $0 + 1 } ?? row.startIndex
    return String(decoding: row[row.startIndex..<end], as: UTF8.self)
  }

  /// An id that occurs twice, if there is one.
  package var duplicate: String? {
    let hashes = self.hashes.sorted()
    let isSuspect = zip(hashes, hashes.dropFirst()).contains { $0 == $1 }
    guard isSuspect else { return nil }
    var seen: Set<String> = []
    return (0..<count).lazy.map { self[$0] }.first { !seen.insert($0).inserted }
  }

  /// For each id of `other`, its position here; nil if an id is missing here or the numbers differ.
  package func positions(of other: ExampleIDs) -> [Int]? {
    guard other.count == count else { return nil }
    if self == other { return Array(0..<count) }
    let known = Dictionary((0..<count).map { (self[$0], $0) }) { first, _ in first }
    var positions: [Int] = []
    positions.reserveCapacity(count)
    for index in 0..<count {
      guard let position = known[other[index]] else { return nil }
      positions.append(position)
    }
    return positions
  }

  /// A 64-bit hash (FNV-1a) of each id, to find duplicates without a string each.
  private var hashes: [UInt64] {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      (0..<count).map { row in
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for offset in row * width..<(row + 1) * width {
          hash = unsafe (hash ^ UInt64(bytes[offset])) &* 0x100_0000_01B3
        }
        return hash
      }
    }
  }
}
