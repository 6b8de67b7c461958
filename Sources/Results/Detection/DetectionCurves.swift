import Support

/// What precision and recall of a category need, for any weights of the images: the bootstrap asks thousands of times.
///
/// Only detections that find an object move recall, and only there precision can be greatest; the others count by a
/// running sum. So a curve is the list of finds in the order of the scores, with the corrections of that sum.
struct DetectionCurves: Sendable {
  /// Something at one overlap that a curve must know.
  struct Event: Sendable {
    let image: Int32
    /// How many detections of the range come before it, itself included.
    let place: Int32
    let kind: Kind
    /// Its place among the detections of its image, for the limits of 1 and 10.
    let rank: UInt8

    enum Kind: UInt8 {
      /// It finds an object and is of the range.
      case found
      /// It finds one, but is of another size itself.
      case foundBesideRange
      /// It is of the range, but does not count: it found a crowd or an object of another range.
      case discounted
    }
  }

  /// One category in one range of areas.
  struct Curve: Sendable {
    /// The image of each detection of the range, in the order of the scores.
    var images: [Int32] = []
    /// What happens at each overlap.
    var events = [[Event]](repeating: [], count: DetectionScale.overlaps.count)
  }

  let images: Int
  /// The curves of each category, one a range of areas.
  let curves: [[Curve]]
  let objects: [[DetectionMatches.ObjectCount]]
  /// The most detections of a range in a category.
  let longest: Int

  init(_ matches: DetectionMatches, pool: WorkerPool) {
    images = matches.images
    objects = matches.objects
    let curves = pool.map(matches.categories) { category in
      let range = matches.starts[category]..<matches.starts[category + 1]
      return DetectionScale.areas.indices.map { Self.curve(matches.detections[range], range: $0) }
    }
    longest = curves.reduce(0) { longest, curves in
      max(longest, curves.map(\.images.count).max() ?? 0)
    }
    self.curves = curves
  }

  private static func curve(_ detections: ArraySlice<MatchedDetection>, range: Int) -> Curve {
    var curve = Curve()
    for detection in detections {
      let isInRange = detection.ranges & 1 << UInt8(range) != 0
      if isInRange { curve.images.append(detection.image) }
      let found = detection.found[range]
      var bits = found | detection.discounted[range]
      while bits != 0 {
        let step = bits.trailingZeroBitCount
        bits &= bits - 1
        let isFound = found & 1 << UInt16(step) != 0
        curve.events[step].append(
          Event(
            image: detection.image, place: Int32(curve.images.count),
            kind: !isFound ? .discounted : isInRange ? .found : .foundBesideRange,
            rank: detection.rank))
      }
    }
    return curve
  }
}

/// Average precision and recall of one category in one range of areas.
struct CategoryScores: Equatable, Sendable {
  /// How many objects there are, each as often as its image.
  var objects = 0
  /// Mean precision over 101 levels of recall, at each overlap.
  var precision = [Double](repeating: 0, count: DetectionScale.overlaps.count)
  /// Recall at each overlap with all detections, and with the best one and ten of each image.
  var recall = [SIMD4<Double>](repeating: .zero, count: DetectionScale.overlaps.count)
}

/// Computes curves, again and again in the same memory; one a worker.
final class CurveScorer: @unchecked Sendable {
  private let curves: DetectionCurves
  /// Detections up to each place, each as often as its image.
  private let running: UnsafeMutablePointer<UInt32>
  private var precision: [Double] = []
  private var found: [UInt32] = []
  /// The least number of found objects for each level of recall.
  private var needed = [UInt32](repeating: 0, count: CurveScorer.levels)

  /// Levels of recall: 0, 0.01, … 1.
  private static let levels = 101

  init(_ curves: DetectionCurves) {
    self.curves = curves
    running = .allocate(capacity: curves.longest + 1)
  }

  deinit { running.deallocate() }

  /// The scores of a category in a range of areas.
  ///
  /// - Parameters:
  ///   - category: from zero.
  ///   - range: from zero.
  ///   - weights: how often each image counts.
  /// - Returns: the scores; nil without objects.
  func scores(
    _ category: Int, _ range: Int, weights: UnsafePointer<UInt8>
  ) -> CategoryScores? {
    var scores = CategoryScores()
    for count in curves.objects[category] {
      scores.objects += Int(weights[Int(count.image)]) * Int(count.counts[range])
    }
    guard scores.objects > 0 else { return nil }
    setNeeded(scores.objects)
    let curve = curves.curves[category][range]
    var sum = UInt32(0)
    running[0] = 0
    curve.images.withUnsafeBufferPointer { images in
      for place in 0..<images.count {
        sum &+= UInt32(weights[Int(images[place])])
        running[place + 1] = sum
      }
    }
    for step in curve.events.indices {
      let limited = follow(curve.events[step], weights)
      scores.precision[step] = averagePrecision
      let objects = Double(scores.objects)
      scores.recall[step] = SIMD4(
        Double(limited.x) / objects, Double(limited.y) / objects, Double(limited.z) / objects, 0)
    }
    return scores
  }

  /// Walks along a curve, noting precision wherever an object is found.
  /// - Returns: how many objects the best one, ten, and all detections of each image found.
  private func follow(
    _ events: [DetectionCurves.Event], _ weights: UnsafePointer<UInt8>
  ) -> SIMD3<UInt32> {
    if precision.count < events.count {
      precision = [Double](repeating: 0, count: events.count)
      found = [UInt32](repeating: 0, count: events.count)
    }
    finds = 0
    var (all, ten, one, extra, place) = (UInt32(0), UInt32(0), UInt32(0), UInt32(0), 0)
    events.withUnsafeBufferPointer { events in
      precision.withUnsafeMutableBufferPointer { precision in
        found.withUnsafeMutableBufferPointer { found in
          for index in 0..<events.count {
            let event = events[index]
            let weight = UInt32(weights[Int(event.image)])
            if weight == 0 { continue }
            if event.kind == .discounted {
              extra &-= weight
              continue
            }
            if event.kind == .foundBesideRange { extra &+= weight }
            all &+= weight
            if event.rank < 10 { ten &+= weight }
            if event.rank == 0 { one &+= weight }
            let counted = Double(running[Int(event.place)] &+ extra)
            // The reference adds NumPy's spacing(1), which shows in the first detection only.
            precision[place] = Double(all) / (counted + 0x1p-52)
            found[place] = all
            place += 1
          }
        }
      }
    }
    finds = place
    return SIMD3(one, ten, all)
  }

  private var finds = 0

  /// The mean over the levels of recall of the greatest precision at that recall or a greater one.
  private var averagePrecision: Double {
    precision.withUnsafeBufferPointer { precision in
      found.withUnsafeBufferPointer { found in
        needed.withUnsafeBufferPointer { needed in
          guard finds > 0 else { return 0 }
          var level = Self.levels - 1
          while level >= 0, needed[level] > found[finds - 1] { level -= 1 }
          var (sum, greatest) = (0.0, 0.0)
          var place = finds - 1
          while place >= 0, level >= 0 {
            greatest = max(greatest, precision[place])
            let before = place > 0 ? found[place - 1] : 0
            while level >= 0, needed[level] > before {
              sum += greatest
              level -= 1
            }
            place -= 1
          }
          return sum / Double(Self.levels)
        }
      }
    }
  }

  /// The least number of found objects whose share of all reaches each level, compared in doubles as the reference does.
  private func setNeeded(_ objects: Int) {
    // A recall of nothing is reached by the first detection; its precision is that of the first find.
    needed[0] = 1
    for level in 1..<Self.levels {
      var least = (level * objects + Self.levels - 2) / (Self.levels - 1)
      let isExact = level * objects == least * (Self.levels - 1)
      if isExact, Double(least) / Double(objects) < Double(level) * 0.01 { least += 1 }
      needed[level] = UInt32(least)
    }
  }
}
