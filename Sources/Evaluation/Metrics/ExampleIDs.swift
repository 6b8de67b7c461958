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
    let order = sorted
    for position in order.indices.dropFirst()
    where compare(order[position - 1], order[position]) == 0 { return self[order[position]] }
    return nil
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

  /// The positions of the ids in ascending order of their bytes.
  private var sorted: [Int] { (0..<count).sorted { compare($0, $1) < 0 } }

  private func compare(_ first: Int, _ second: Int) -> Int {
    bytes.withUnsafeBufferPointer { bytes in
      for offset in 0..<width {
        let difference = Int(bytes[first * width + offset]) - Int(bytes[second * width + offset])
        if difference != 0 { return difference }
      }
      return 0
    }
  }
}
