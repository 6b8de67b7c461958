import Support

/// Matches the detections of one category in one image with its objects; one a worker, whose memory is used again.
final class GroupMatcher: @unchecked Sendable {
  private let problem: DetectionProblem
  private let groups: DetectionGroups
  private var reader = ShapeReader()
  private var objectMasks = MaskEdges()
  private var detectionMasks = MaskEdges()
  private var kept: [Int32] = []
  private var boxes: [DetectionBox] = []
  private var areas: [Double] = []
  private var objectBoxes: [DetectionBox] = []
  private var maskSizes: [MaskSize] = []
  /// Overlaps of each detection with each object.
  private var overlaps: [Double] = []
  /// The objects as one range of areas has them.
  private var candidates: [Candidate] = []

  /// An object in the order in which detections look at them.
  private struct Candidate {
    let index: Int
    let isCrowd: Bool
    /// Whether a match with it does not count.
    let isIgnored: Bool
    let isUnnamed: Bool
    /// The overlaps at which it is taken.
    var taken: UInt16 = 0
  }

  init(_ problem: DetectionProblem, _ groups: DetectionGroups) {
    (self.problem, self.groups) = (problem, groups)
  }

  /// Matches a group and writes what became of its detections.
  /// - Throws: `InputError` for a mask that breaks a rule.
  func match(_ group: DetectionGroups.Group, _ index: Int, into table: MatchTable) throws {
    keepBest(group)
    try measureDetections()
    try measureObjects(group)
    fillOverlaps(group)
    let start = group.kept.lowerBound
    for (rank, entry) in kept.enumerated() {
      unsafe table.detections.initializeElement(
        at: start + rank,
        to: MatchedDetection(
          score: problem.detections[Int(entry)].score, image: group.image, rank: UInt8(rank),
          ranges: DetectionScale.ranges(of: areas[rank]), found: .zero, discounted: .zero))
    }
    var counts = SIMD4<Int32>.zero
    for range in 0..<DetectionScale.areas.count {
      counts[range] = arrange(group, range)
      guard !candidates.isEmpty else { continue }
      for rank in kept.indices { unsafe choose(&table.detections[start + rank], rank, range) }
    }
    unsafe table.objects.initializeElement(at: index, to: counts)
  }

  /// The detections of the highest scores, of equal ones those that come first.
  private func keepBest(_ group: DetectionGroups.Group) {
    kept.removeAll(keepingCapacity: true)
    kept.append(contentsOf: groups.detectionOrder[group.detections])
    let detections = problem.detections
    if kept.count > 1 {
      kept.sort { first, second in
        let (a, b) = (detections[Int(first)].score, detections[Int(second)].score)
        return a != b ? a > b : first < second
      }
    }
    if kept.count > DetectionGroups.mostDetections {
      kept.removeLast(kept.count - DetectionGroups.mostDetections)
    }
  }

  private func measureDetections() throws {
    boxes.removeAll(keepingCapacity: true)
    areas.removeAll(keepingCapacity: true)
    detectionMasks.removeAll()
    maskSizes.removeAll(keepingCapacity: true)
    let needsMask = problem.shape == .masks || !problem.isSizedByBoxes
    for (rank, entry) in kept.enumerated() {
      let box = problem.detections[Int(entry)].box
      if needsMask {
        let size = try problem.detectionShapes.runs(of: Int(entry), &reader)
        detectionMasks.append(reader.runs)
        maskSizes.append(size)
      }
      let isOwn = problem.shape == .boxes ? box : nil
      boxes.append(isOwn ?? detectionMasks.box(rank, size: maskSizes[rank]))
      areas.append(
        problem.isSizedByBoxes ? box?.area ?? 0 : Double(detectionMasks.area(rank)))
    }
  }

  private func measureObjects(_ group: DetectionGroups.Group) throws {
    objectBoxes.removeAll(keepingCapacity: true)
    objectMasks.removeAll()
    for (place, index) in groups.objectOrder[group.objects].enumerated() {
      let object = problem.objects[Int(index)]
      guard problem.shape == .masks else {
        objectBoxes.append(object.box)
        continue
      }
      let size = try problem.objectShapes.runs(of: Int(object.entry), &reader)
      objectMasks.append(reader.runs)
      objectBoxes.append(objectMasks.box(place, size: size))
    }
  }

  private func fillOverlaps(_ group: DetectionGroups.Group) {
    overlaps.removeAll(keepingCapacity: true)
    for rank in kept.indices {
      for (place, index) in groups.objectOrder[group.objects].enumerated() {
        let isCrowd = problem.objects[Int(index)].isCrowd
        let overlap = boxes[rank].overlap(with: objectBoxes[place], isCrowd: isCrowd)
        let isMask = problem.shape == .masks && overlap > 0
        overlaps.append(
          isMask
            ? detectionMasks.overlap(
              rank, area: detectionMasks.area(rank), with: objectMasks, place, isCrowd: isCrowd)
            : overlap)
      }
    }
  }

  /// Puts the objects that count in a range before those that do not.
  /// - Returns: How many count.
  private func arrange(_ group: DetectionGroups.Group, _ range: Int) -> Int32 {
    candidates.removeAll(keepingCapacity: true)
    let area = DetectionScale.areas[range]
    var counted = Int32(0)
    for isIgnored in [false, true] {
      for (place, index) in groups.objectOrder[group.objects].enumerated() {
        let object = problem.objects[Int(index)]
        guard (object.isCrowd || !area.contains(object.area)) == isIgnored else { continue }
        candidates.append(
          Candidate(
            index: place, isCrowd: object.isCrowd, isIgnored: isIgnored,
            isUnnamed: object.isUnnamed))
        if !isIgnored { counted += 1 }
      }
    }
    return counted
  }

  /// Chooses an object for a detection at each overlap.
  private func choose(_ detection: inout MatchedDetection, _ rank: Int, _ range: Int) {
    let isInRange = detection.ranges & 1 << UInt8(range) != 0
    let objects = objectBoxes.count
    var (found, discounted) = (UInt16(0), UInt16(0))
    unsafe overlaps.withUnsafeBufferPointer { overlaps in
      unsafe candidates.withUnsafeMutableBufferPointer { candidates in
        let row = unsafe UnsafeBufferPointer(
          rebasing: overlaps[rank * objects..<(rank + 1) * objects])
        for (step, least) in DetectionScale.overlaps.enumerated() {
          let bit = UInt16(1) << UInt16(step)
          let chosen = unsafe Self.best(row, candidates, bit, least: min(least, 1 - 1e-10))
          guard chosen >= 0 else { continue }
          unsafe candidates[chosen].taken |= bit
          if unsafe candidates[chosen].isIgnored {
            if isInRange { discounted |= bit }
          } else if unsafe !candidates[chosen].isUnnamed {
            found |= bit
          }
        }
      }
    }
    detection.found[range] = found
    detection.discounted[range] = discounted
  }

  /// The candidate of the greatest overlap, of equal ones the last; -1 if none reaches `least`.
  private static func best(
    _ overlaps: UnsafeBufferPointer<Double>, _ candidates: UnsafeMutableBufferPointer<Candidate>,
    _ bit: UInt16, least: Double
  ) -> Int {
    var (chosen, greatest) = (-1, least)
    for place in 0..<candidates.count {
      let candidate = unsafe candidates[place]
      if candidate.taken & bit != 0, !candidate.isCrowd { continue }
      // One that counts is held; from here on none does.
      if chosen >= 0, unsafe !candidates[chosen].isIgnored, candidate.isIgnored { break }
      if unsafe overlaps[candidate.index] < greatest { continue }
      greatest = unsafe overlaps[candidate.index]
      chosen = place
    }
    return chosen
  }
}
