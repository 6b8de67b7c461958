/// How often each image counts, in each of a few resamples.
typealias ImageWeights = SIMD4<Int32>

/// Average precision and recall of one category in one range of areas, in each of a few resamples.
struct CurveScores: Sendable {
  /// How many objects there are.
  var objects: SIMD4<Double>
  /// Mean precision over 101 levels of recall, at each overlap.
  var precision = [SIMD4<Double>](repeating: .zero, count: DetectionScale.overlaps.count)
  /// Recall at each overlap.
  var recall = [LimitedRecall](repeating: LimitedRecall(), count: DetectionScale.overlaps.count)
}

/// Objects found, or their share of all, with the best one and ten detections of each image, and with all.
struct LimitedRecall: Sendable {
  var one = SIMD4<Double>.zero
  var ten = SIMD4<Double>.zero
  var all = SIMD4<Double>.zero
}

/// Walks along curves, again and again in the same memory; one a worker.
///
/// Precision can only be greatest where an object is found, so that only those places are kept.
@safe final class CurveScorer: @unchecked Sendable {
  private let curves: DetectionCurves
  private let events: UnsafeMutablePointer<Event>
  private let finds: UnsafeMutablePointer<Find>

  /// An entry that finds something or does not count.
  private struct Event {
    /// How often its image counts.
    let weight: ImageWeights
    /// How many detections of the range there are up to here.
    let running: SIMD4<Int32>
    let found: UInt16
    let discounted: UInt16
    let isInRange: Bool
    let rank: UInt8
  }

  /// A place on a curve at which an object is found.
  private struct Find {
    let precision: SIMD4<Double>
    /// How many of the 101 levels of recall are reached.
    let levels: SIMD4<Double>
  }

  init(_ curves: DetectionCurves) {
    self.curves = curves
    unsafe events = .allocate(capacity: curves.mostEvents)
    unsafe finds = .allocate(capacity: curves.mostEvents)
  }

  deinit {
    unsafe events.deallocate()
    unsafe finds.deallocate()
  }

  /// The scores of a category in a range of areas.
  ///
  /// - Parameters:
  ///   - category: from zero.
  ///   - range: from zero.
  ///   - weights: how often each image counts.
  /// - Returns: the scores; they mean nothing where there are no objects.
  func scores(
    _ category: Int, _ range: Int, weights: UnsafePointer<ImageWeights>
  ) -> CurveScores {
    var objects = SIMD4<Int32>.zero
    for count in curves.objects[category] {
      unsafe objects &+= weights[Int(count.image)] &* SIMD4(repeating: count.counts[range])
    }
    var scores = CurveScores(objects: SIMD4<Double>(objects))
    let count = unsafe gather(curves.curves[category][range], weights)
    for step in scores.precision.indices {
      let found = follow(count, bit: 1 << UInt16(step), scores.objects)
      scores.recall[step] = LimitedRecall(
        one: found.one / scores.objects, ten: found.ten / scores.objects,
        all: found.all / scores.objects)
      scores.precision[step] = averagePrecision
    }
    return scores
  }

  /// Adds up the detections along a curve and notes its events.
  /// - Returns: How many there are.
  private func gather(
    _ curve: DetectionCurves.Curve, _ weights: UnsafePointer<ImageWeights>
  ) -> Int {
    var (running, count) = (SIMD4<Int32>.zero, 0)
    unsafe curve.entries.withUnsafeBufferPointer { entries in
      for index in 0..<entries.count {
        let entry = unsafe entries[index]
        let weight = unsafe weights[Int(entry.image)]
        if entry.isInRange { running &+= weight }
        guard entry.found | entry.discounted != 0 else { continue }
        unsafe events[count] = Event(
          weight: weight, running: running, found: entry.found, discounted: entry.discounted,
          isInRange: entry.isInRange, rank: entry.rank)
        count += 1
      }
    }
    return count
  }

  private var findCount = 0

  /// Walks along the curve of one overlap, noting precision and recall wherever an object is found.
  /// - Returns: How many objects the best one, ten, and all detections of each image found.
  private func follow(_ count: Int, bit: UInt16, _ objects: SIMD4<Double>) -> LimitedRecall {
    var (all, ten, one) = (SIMD4<Int32>.zero, SIMD4<Int32>.zero, SIMD4<Int32>.zero)
    var extra = SIMD4<Int32>.zero
    var place = 0
    for index in 0..<count {
      let event = unsafe events[index]
      guard event.found & bit != 0 else {
        if event.discounted & bit != 0 { extra &-= event.weight }
        continue
      }
      if !event.isInRange { extra &+= event.weight }
      all &+= event.weight
      if event.rank < 10 { ten &+= event.weight }
      if event.rank == 0 { one &+= event.weight }
      let found = SIMD4<Double>(all)
      // The reference adds NumPy's spacing(1), which shows in the first detection only.
      let counted = SIMD4<Double>(event.running &+ extra) + 0x1p-52
      unsafe finds[place] = Find(
        precision: found / counted, levels: Self.levels(found / objects, found))
      place += 1
    }
    findCount = place
    return LimitedRecall(
      one: SIMD4<Double>(one), ten: SIMD4<Double>(ten), all: SIMD4<Double>(all))
  }

  /// How many of the levels 0, 0.01, … 1 a recall reaches, compared in doubles as the reference does; none where nothing
  /// is found.
  private static func levels(_ recall: SIMD4<Double>, _ found: SIMD4<Double>) -> SIMD4<Double> {
    // Rounded down without an instruction that old processors lack.
    let exact = recall * 100 + 1e-9
    var level = (exact + 0x1p52) - 0x1p52
    level.replace(with: level - 1, where: level .> exact)
    level.replace(with: level - 1, where: recall .< level * 0.01)
    return (level + 1).replacing(with: 0, where: found .== 0)
  }

  /// The mean over the levels of recall of the greatest precision at that recall or a greater one.
  private var averagePrecision: SIMD4<Double> {
    var (sum, greatest) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
    var place = findCount - 1
    while place >= 0 {
      let find = unsafe finds[place]
      greatest.replace(with: find.precision, where: find.precision .> greatest)
      let before = unsafe place > 0 ? finds[place - 1].levels : .zero
      sum += greatest * (find.levels - before)
      place -= 1
    }
    return sum / 101
  }
}
