import Support

/// What precision and recall need, for any weights of the images: the bootstrap asks thousands of times.
///
/// One list for each category and range of areas, in the order of the scores.
struct DetectionCurves: Sendable {
  /// A detection as one range of areas sees it: it is of the range, or it finds an object of the range.
  struct Entry: Sendable {
    let image: Int32
    /// A bit for each overlap at which it finds an object.
    let found: UInt16
    /// A bit for each overlap at which it does not count although it is of the range.
    let discounted: UInt16
    let isInRange: Bool
    /// Its place among the detections of its image, for the limits of 1 and 10.
    let rank: UInt8
  }

  /// One category in one range of areas.
  struct Curve: Sendable {
    var entries: [Entry] = []
    /// How many entries find something or do not count.
    var events = 0
  }

  let images: Int
  /// The curves of each category, one a range of areas.
  let curves: [[Curve]]
  let objects: [[DetectionMatches.ObjectCount]]

  init(_ matches: DetectionMatches, pool: WorkerPool) {
    images = matches.images
    objects = matches.objects
    curves = pool.map(matches.categories) { category in
      DetectionScale.areas.indices.map { Self.curve(matches, category, range: $0) }
    }
  }

  /// The most events of a curve.
  var mostEvents: Int {
    curves.reduce(0) { most, curves in max(most, curves.map(\.events).max() ?? 0) }
  }

  private static func curve(_ matches: DetectionMatches, _ category: Int, range: Int) -> Curve {
    var curve = Curve()
    let detections = unsafe matches.detections(of: category)
    for index in 0..<detections.count {
      let detection = unsafe detections[index]
      let isInRange = detection.ranges & 1 << UInt8(range) != 0
      let (found, discounted) = (detection.found[range], detection.discounted[range])
      guard isInRange || found != 0 else { continue }
      curve.entries.append(
        Entry(
          image: detection.image, found: found, discounted: discounted, isInRange: isInRange,
          rank: detection.rank))
      if found | discounted != 0 { curve.events += 1 }
    }
    return curve
  }
}
