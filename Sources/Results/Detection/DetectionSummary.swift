import Support

/// The twelve numbers of curves, for any weights of the images.
struct DetectionSummary: Sendable {
  /// How one of the numbers follows from the curves.
  struct Definition: Sendable {
    let name: String
    let words: String
    let isPrecision: Bool
    /// The range of areas.
    let range: Int
    /// The only overlap that counts; nil for the mean of all ten.
    var overlap: Int?
    /// Which of the limits of detections: 1, 10 or 100.
    var limit = 2
  }

  /// The numbers in the order of COCO's tools.
  static let scores = [
    Definition(name: "AP", words: "precision, IoU 0.50:0.95", isPrecision: true, range: 0),
    Definition(name: "AP50", words: "precision, IoU 0.50", isPrecision: true, range: 0, overlap: 0),
    Definition(name: "AP75", words: "precision, IoU 0.75", isPrecision: true, range: 0, overlap: 5),
    Definition(name: "APs", words: "precision, small objects", isPrecision: true, range: 1),
    Definition(name: "APm", words: "precision, medium objects", isPrecision: true, range: 2),
    Definition(name: "APl", words: "precision, large objects", isPrecision: true, range: 3),
    Definition(
      name: "AR1", words: "recall, 1 detection an image", isPrecision: false, range: 0, limit: 0),
    Definition(
      name: "AR10", words: "recall, 10 detections an image", isPrecision: false, range: 0, limit: 1),
    Definition(
      name: "AR100", words: "recall, 100 detections an image", isPrecision: false, range: 0),
    Definition(name: "ARs", words: "recall, small objects", isPrecision: false, range: 1),
    Definition(name: "ARm", words: "recall, medium objects", isPrecision: false, range: 2),
    Definition(name: "ARl", words: "recall, large objects", isPrecision: false, range: 3),
  ]

  /// The numbers over all categories, and of each.
  struct Values: Sendable {
    /// -1 where no category has an object of the range.
    var mean: [Double]
    var categories: [[Double]]
  }

  let curves: DetectionCurves

  init(_ curves: DetectionCurves) { self.curves = curves }

  /// The numbers with the images weighted.
  func values(weights: [UInt8], _ scorer: CurveScorer) -> Values {
    weights.withUnsafeBufferPointer { weights in
      guard let weights = weights.baseAddress else { return Values(mean: [], categories: []) }
      let categories = curves.curves.indices.map { values(category: $0, weights, scorer) }
      return Values(mean: Self.mean(categories), categories: categories)
    }
  }

  private static func mean(_ categories: [[Double]]) -> [Double] {
    scores.indices.map { index in
      var (sum, count) = (0.0, 0)
      for values in categories where values[index] >= 0 {
        sum += values[index]
        count += 1
      }
      return count == 0 ? -1 : sum / Double(count)
    }
  }

  private func values(
    category: Int, _ weights: UnsafePointer<UInt8>, _ scorer: CurveScorer
  ) -> [Double] {
    let ranges = DetectionScale.areas.indices.map { scorer.scores(category, $0, weights: weights) }
    return Self.scores.map { score in
      guard let scores = ranges[score.range] else { return -1 }
      let overlaps = score.overlap.map { $0..<$0 + 1 } ?? 0..<DetectionScale.overlaps.count
      let sum = overlaps.reduce(0.0) { sum, overlap in
        sum + (score.isPrecision ? scores.precision[overlap] : scores.recall[overlap][score.limit])
      }
      return sum / Double(overlaps.count)
    }
  }

  /// The numbers of resamples of the images.
  struct Replicates: Sendable {
    fileprivate let points: Values
    /// For each resample the twelve numbers and the AP of each category; not a number where there are no objects.
    fileprivate let rows: [[Double]]

    /// The distribution of one of the twelve numbers.
    func mean(_ index: Int) -> BootstrapDistribution { distribution(index, points.mean[index]) }

    /// The distribution of a category's AP.
    func category(_ index: Int) -> BootstrapDistribution {
      distribution(DetectionSummary.scores.count + index, points.categories[index][0])
    }

    /// Leaving out every image in turn would cost more than all resamples: bias is corrected, skewness is not.
    private func distribution(_ column: Int, _ point: Double) -> BootstrapDistribution {
      BootstrapDistribution(
        BootstrapReplicates(point: point, values: rows.map { $0[column] }, leftOut: []))
    }
  }

  /// Resamples the images.
  ///
  /// - Parameters:
  ///   - points: the numbers of the images as they are.
  ///   - resamples: how many.
  ///   - seed: chooses them.
  ///   - pool: shares them out; does not change the result.
  ///   - advance: called with the number of resamples that are done.
  /// - Returns: the numbers of each.
  func replicates(
    _ points: Values, resamples: Int, seed: UInt64, pool: WorkerPool,
    _ advance: @escaping @Sendable (Int) -> Void
  ) -> Replicates {
    let plan = Resamples(images: curves.images, seed: seed)
    let scorers = (0..<pool.threads).map { _ in CurveScorer(curves) }
    let rows = pool.map(resamples) { resample, worker -> [Double] in
      let weights = [UInt8](unsafeUninitializedCapacity: plan.images) { buffer, count in
        if let counts = buffer.baseAddress { plan.count(resample, into: counts) }
        count = plan.images
      }
      let values = values(weights: weights, scorers[worker])
      advance(1)
      return (values.mean + values.categories.map { $0[0] }).map { $0 < 0 ? .nan : $0 }
    }
    return Replicates(points: points, rows: rows)
  }
}
