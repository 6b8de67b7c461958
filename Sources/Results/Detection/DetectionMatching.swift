import Support

/// The sizes of objects that are scored apart, and the overlaps at which a detection counts.
package enum DetectionScale {
  /// Names of the ranges of areas.
  package static let names = ["all", "small", "medium", "large"]
  /// Areas in square pixels, both ends included: an object of 32² is small and medium.
  static let areas: [ClosedRange<Double>] = [0...1e10, 0...1024, 1024...9216, 9216...1e10]
  /// Overlaps from 0.5 to 0.95 as NumPy's `linspace` computes them: the ninth is a little less than 0.9.
  package static let overlaps: [Double] = {
    let step: Double = (0.95 - 0.5) / 9
    return (0..<9).map { Double($0) * step + 0.5 } + [0.95]
  }()
  /// A bit for each range that holds `area`.
  static func ranges(of area: Double) -> UInt8 {
    var bits = UInt8(0)
    for (index, range) in areas.enumerated() where range.contains(area) {
      bits |= 1 << UInt8(index)
    }
    return bits
  }
}

/// What became of a detection: a bit for each overlap, a lane for each range of areas.
struct MatchedDetection: Sendable {
  var score: Double
  var image: Int32
  /// Its place among the detections of its category in its image, by score.
  var rank: UInt8
  /// A bit for each range that holds its own area.
  var ranges: UInt8
  /// Whether it found an object of the range.
  var found: SIMD4<UInt16>
  /// Whether it is left out although its area is in the range: it found a crowd, or an object of another range.
  var discounted: SIMD4<UInt16>
}

/// The detections of a problem matched with its objects, by category and then by descending score.
///
/// COCO's greedy matching: in each image and category the detections choose in the order of their scores, at each overlap and for
/// each range of areas anew. An object that is taken is gone, unless it is a crowd; one that does not count (a crowd, or of another
/// area) is chosen only by a detection that found no other, and takes that detection out of the count.
struct DetectionMatches: Sendable {
  /// How many images and categories there are.
  let images: Int
  let categories: Int
  private let table: MatchTable
  /// Where the detections of each category begin, and the end.
  private let starts: [Int]
  /// How many objects of each range are in an image, for each category.
  let objects: [[ObjectCount]]

  /// Objects of a category in an image.
  struct ObjectCount: Sendable {
    let image: Int32
    /// How many count, in each range of areas.
    let counts: SIMD4<Int32>
  }

  /// Matches.
  ///
  /// - Parameters:
  ///   - problem: objects and detections.
  ///   - pool: shares out categories and images; does not change the result.
  /// - Throws: `InputError` for a mask that breaks a rule.
  init(_ problem: DetectionProblem, pool: WorkerPool) throws {
    images = problem.images
    categories = problem.categories
    let groups = DetectionGroups(problem)
    let matched = MatchTable(groups.keptCount, groups: groups.count)
    let jobs = Self.jobs(groups)
    let scratch = (0..<pool.threads).map { _ in GroupMatcher(problem, groups) }
    _ = try pool.map(jobs.count) { job, worker -> Bool in
      for index in jobs[job] {
        try scratch[worker].match(groups[index], index, into: matched)
      }
      return true
    }
    var starts = [Int](repeating: 0, count: problem.categories + 1)
    var objects = [[ObjectCount]](repeating: [], count: problem.categories)
    for index in 0..<groups.count {
      let group = groups[index]
      starts[Int(group.category) + 1] += group.kept.count
      if !group.objects.isEmpty {
        unsafe objects[Int(group.category)].append(
          ObjectCount(image: group.image, counts: matched.objects[index]))
      }
    }
    for category in 0..<problem.categories { starts[category + 1] += starts[category] }
    (self.starts, self.objects) = (starts, objects)
    table = matched
    table.sort(starts, pool)
  }

  /// The detections of a category that are kept, by descending score.
  func detections(of category: Int) -> UnsafeMutableBufferPointer<MatchedDetection> {
    unsafe UnsafeMutableBufferPointer(
      rebasing: table.detections[starts[category]..<starts[category + 1]])
  }

  /// Groups of about equal work, which must not depend on the number of threads.
  private static func jobs(_ groups: DetectionGroups) -> [Range<Int>] {
    var jobs: [Range<Int>] = []
    var (start, work) = (0, 0)
    for index in 0..<groups.count {
      let group = groups[index]
      work += group.detections.count + group.objects.count
      if work >= 2048 || index + 1 == groups.count {
        jobs.append(start..<index + 1)
        (start, work) = (index + 1, 0)
      }
    }
    return jobs
  }
}

/// Where matching writes: each place once, by the worker whose group it is.
@safe final class MatchTable: @unchecked Sendable {
  let detections: UnsafeMutableBufferPointer<MatchedDetection>
  let objects: UnsafeMutableBufferPointer<SIMD4<Int32>>

  init(_ count: Int, groups: Int) {
    unsafe detections = .allocate(capacity: count)
    unsafe objects = .allocate(capacity: groups)
  }

  deinit {
    unsafe detections.deallocate()
    unsafe objects.deallocate()
  }

  /// Sorts the detections of each category by descending score, of equal ones by image and rank.
  func sort(_ starts: [Int], _ pool: WorkerPool) {
    pool.run(starts.count - 1) { [self] category, _ in
      let range = starts[category]..<starts[category + 1]
      var own = unsafe UnsafeMutableBufferPointer(rebasing: detections[range])
      unsafe own.sort { first, second in
        if first.score != second.score { return first.score > second.score }
        if first.image != second.image { return first.image < second.image }
        return first.rank < second.rank
      }
    }
  }
}
