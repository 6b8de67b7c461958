/// Masks as the places where their runs end, one behind the other in one buffer.
///
/// The places count pixels column after column; the object lies between the first and second, third and fourth,
/// and so on. Overlaps need no more than these, and the buffers are used again for the next image.
struct MaskEdges {
  private var edges: [UInt32] = []
  private var starts = [0]
  /// Whether a mask has a run of no pixels behind the first one.
  private var hasEmptyRuns: [Bool] = []

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
    hasEmptyRuns.removeAll(keepingCapacity: true)
  }

  /// Adds a mask by the lengths of its runs.
  mutating func append(_ runs: [UInt32]) {
    var (place, isEmpty) = (UInt32(0), false)
    for (index, run) in runs.enumerated() {
      place &+= run
      edges.append(place)
      if run == 0, index > 0 { isEmpty = true }
    }
    starts.append(edges.count)
    hasEmptyRuns.append(isEmpty)
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
  ///
  /// Zeros for a single run; where all runs of the object are empty, what COCO's tools give: the lower right corner, and sizes
  /// that wrap.
  func box(_ index: Int = 0, size: MaskSize) -> DetectionBox {
    let range = pairs(index)
    guard range.count > 0 else { return DetectionBox(x: 0, y: 0, width: 0, height: 0) }
    let height = UInt32(size.height)
    var (left, top, right, bottom) = (UInt32(size.width), height, UInt32(0), UInt32(0))
    unsafe edges.withUnsafeBufferPointer { edges in
      for pair in 0..<range.count {
        let first = unsafe edges[range.start + 2 * pair]
        let end = unsafe edges[range.start + 2 * pair + 1]
        guard end > first else { continue }
        let (firstColumn, firstRow) = first.quotientAndRemainder(dividingBy: height)
        let (lastColumn, lastRow) = (end - 1).quotientAndRemainder(dividingBy: height)
        if firstColumn < lastColumn { (top, bottom) = (0, height - 1) }
        left = min(left, firstColumn)
        right = max(right, lastColumn)
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
    _ index: Int = 0, with other: MaskEdges, _ otherIndex: Int = 0, size: MaskSize, isCrowd: Bool
  ) -> Double {
    let (own, its) = (box(index, size: size), other.box(otherIndex, size: size))
    guard own.overlap(with: its, isCrowd: isCrowd) > 0 else { return 0 }
    return overlap(index, area: area(index), with: other, otherIndex, isCrowd: isCrowd)
  }

  /// The same for masks whose boxes meet, the first of a known area.
  func overlap(
    _ index: Int, area: UInt32, with other: MaskEdges, _ otherIndex: Int, isCrowd: Bool
  ) -> Double {
    guard !hasEmptyRuns[index], !other.hasEmptyRuns[otherIndex] else {
      return overlapOfRuns(index, area: area, with: other, otherIndex, isCrowd: isCrowd)
    }
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

  /// The overlap of masks with empty runs, at which the reference ends early where both masks have one.
  private func overlapOfRuns(
    _ index: Int, area: UInt32, with other: MaskEdges, _ otherIndex: Int, isCrowd: Bool
  ) -> Double {
    var (own, its) = (RunCursor(runs(index)), RunCursor(other.runs(otherIndex)))
    var (shared, whole) = (UInt32(0), UInt32(0))
    repeat {
      let step = min(own.rest, its.rest)
      if own.isObject || its.isObject { whole &+= step }
      if own.isObject && its.isObject { shared &+= step }
      own.advance(by: step)
      its.advance(by: step)
    } while own.rest > 0 || its.rest > 0
    guard shared > 0 else { return 0 }
    return Double(shared) / Double(isCrowd ? area : whole)
  }

  /// The lengths of a mask's runs.
  private func runs(_ index: Int) -> [UInt32] {
    let own = edges[starts[index]..<starts[index + 1]]
    return zip(own, [0] + own.dropLast()).map { $0 &- $1 }
  }
}

/// A place in the runs of a mask.
struct RunCursor {
  private let runs: [UInt32]
  private var next = 1
  /// What is left of the run.
  private(set) var rest: UInt32
  /// Whether the run belongs to the object.
  private(set) var isObject = false

  /// The beginning of at least one run.
  init(_ runs: [UInt32]) {
    self.runs = runs
    rest = runs[0]
  }

  /// Goes on by at most what is left; at the end of a run to the next one, even if that is empty.
  mutating func advance(by step: UInt32) {
    rest -= step
    if rest == 0, next < runs.count {
      rest = runs[next]
      next += 1
      isObject.toggle()
    }
  }
}
