/// Masks as the places where their runs end, one behind the other in one buffer.
///
/// The places count pixels column after column; the object lies between the first and second, third and fourth,
/// and so on. Overlaps need no more than these, and the buffers are used again for the next image.
struct MaskEdges {
  private var edges: [UInt32] = []
  private var starts = [0]

  /// No masks yet.
  init() {}

  /// One mask.
  init(_ runs: [UInt32]) { append(runs) }

  /// How many masks there are.
  var count: Int { starts.count - 1 }

  /// Forgets all masks, but not the memory.
  mutating func removeAll() {
    edges.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    starts.append(0)
  }

  /// Adds a mask by the lengths of its runs.
  mutating func append(_ runs: [UInt32]) {
    var place = UInt32(0)
    for run in runs {
      place &+= run
      edges.append(place)
    }
    starts.append(edges.count)
  }

  private func pairs(_ index: Int) -> EdgeRange {
    EdgeRange(start: starts[index], count: (starts[index + 1] - starts[index]) / 2)
  }

  /// Where the pairs of edges of a mask begin, and how many there are.
  private struct EdgeRange {
    let start: Int
    let count: Int
  }

  /// How many pixels a mask's object has.
  func area(_ index: Int = 0) -> UInt32 {
    let range = pairs(index)
    return unsafe edges.withUnsafeBufferPointer { edges in
      (0..<range.count).reduce(UInt32(0)) { sum, pair in
        let place = range.start + 2 * pair
        return unsafe sum &+ (edges[place + 1] &- edges[place])
      }
    }
  }

  /// The box around a mask's object: of whole columns where a run goes on into the next column.
  func box(_ index: Int = 0, height: Int) -> DetectionBox {
    let range = pairs(index)
    guard range.count > 0 else { return DetectionBox(x: 0, y: 0, width: 0, height: 0) }
    let height = UInt32(height)
    var (left, top, right, bottom) = (UInt32.max, height, UInt32(0), UInt32(0))
    unsafe edges.withUnsafeBufferPointer { edges in
      for pair in 0..<range.count {
        let first = unsafe edges[range.start + 2 * pair]
        // An empty run at the very beginning wraps, as in COCO's tools.
        let last = unsafe edges[range.start + 2 * pair + 1] &- 1
        let (firstColumn, firstRow) = first.quotientAndRemainder(dividingBy: height)
        let (lastColumn, lastRow) = last.quotientAndRemainder(dividingBy: height)
        if firstColumn < lastColumn { (top, bottom) = (0, height - 1) }
        left = min(left, firstColumn, lastColumn)
        right = max(right, firstColumn, lastColumn)
        top = min(top, firstRow, lastRow)
        bottom = max(bottom, firstRow, lastRow)
      }
    }
    return DetectionBox(
      x: Double(left), y: Double(top), width: Double(right &- left &+ 1),
      height: Double(bottom &- top &+ 1))
  }

  /// The intersection of two masks over their union, or over the first if the second is a crowd.
  ///
  /// Zero where their boxes do not meet.
  func overlap(
    _ index: Int = 0, with other: MaskEdges, _ otherIndex: Int = 0, height: Int, isCrowd: Bool
  ) -> Double {
    let (own, its) = (box(index, height: height), other.box(otherIndex, height: height))
    guard own.overlap(with: its, isCrowd: isCrowd) > 0 else { return 0 }
    return overlap(index, area: area(index), with: other, otherIndex, isCrowd: isCrowd)
  }

  /// The same for masks whose boxes meet, the first of a known area.
  func overlap(
    _ index: Int, area: UInt32, with other: MaskEdges, _ otherIndex: Int, isCrowd: Bool
  ) -> Double {
    let shared = intersection(index, with: other, otherIndex)
    guard shared > 0 else { return 0 }
    let whole = isCrowd ? area : area &+ other.area(otherIndex) &- shared
    return Double(shared) / Double(whole)
  }

  private func intersection(_ index: Int, with other: MaskEdges, _ otherIndex: Int) -> UInt32 {
    let (own, its) = (pairs(index), other.pairs(otherIndex))
    return unsafe edges.withUnsafeBufferPointer { first in
      unsafe other.edges.withUnsafeBufferPointer { second in
        var (a, b) = (own.start, its.start)
        let (endA, endB) = (own.start + 2 * own.count, its.start + 2 * its.count)
        var shared = UInt32(0)
        while a < endA, b < endB {
          let (stopA, stopB) = unsafe (first[a + 1], second[b + 1])
          let start = unsafe max(first[a], second[b])
          let stop = min(stopA, stopB)
          if start < stop { shared &+= stop &- start }
          if stopA <= stopB { a += 2 }
          if stopB <= stopA { b += 2 }
        }
        return shared
      }
    }
  }
}
