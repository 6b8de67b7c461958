import Support

/// The twelve numbers of curves, for any weights of the images.
struct DetectionSummary: Sendable {
  /// How one of the numbers follows from the curves.
  struct Definition: Sendable {
    let name: String
    let words: String
    let quantity: Quantity
    /// The range of areas.
    let range: Int
    /// The only overlap that counts; nil for the mean of all ten.
    var overlap: Int?
  }

  /// What of a curve is averaged: precision, or recall with the best one, ten or all detections of an image.
  enum Quantity: Sendable {
    case precision, recallOfOne, recallOfTen, recall
  }

  /// The numbers in the order of COCO's tools.
  static let scores = [
    Definition(name: "AP", words: "precision, IoU 0.50:0.95", quantity: .precision, range: 0),
    Definition(
      name: "AP50", words: "precision, IoU 0.50", quantity: .precision, range: 0, overlap: 0),
    Definition(
      name: "AP75", words: "precision, IoU 0.75", quantity: .precision, range: 0, overlap: 5),
    Definition(name: "APs", words: "precision, small objects", quantity: .precision, range: 1),
    Definition(name: "APm", words: "precision, medium objects", quantity: .precision, range: 2),
    Definition(name: "APl", words: "precision, large objects", quantity: .precision, range: 3),
    Definition(
      name: "AR1", words: "recall, 1 detection an image", quantity: .recallOfOne, range: 0),
    Definition(
      name: "AR10", words: "recall, 10 detections an image", quantity: .recallOfTen, range: 0),
    Definition(
      name: "AR100", words: "recall, 100 detections an image", quantity: .recall, range: 0),
    Definition(name: "ARs", words: "recall, small objects", quantity: .recall, range: 1),
    Definition(name: "ARm", words: "recall, medium objects", quantity: .recall, range: 2),
    Definition(name: "ARl", words: "recall, large objects", quantity: .recall, range: 3),
  ]

  /// The numbers over all categories, and of each, in each of a few resamples; -1 where there is no object of the range.
  struct Values: Sendable {
    var mean: [SIMD4<Double>]
    var categories: [[SIMD4<Double>]]
  }

  let curves: DetectionCurves

  init(_ curves: DetectionCurves) { self.curves = curves }

  /// The numbers with the images weighted.
  func values(weights: [ImageWeights], _ scorer: CurveScorer) -> Values {
    unsafe weights.withUnsafeBufferPointer { weights in
      guard let weights = weights.baseAddress else { return Values(mean: [], categories: []) }
      let categories = curves.curves.indices.map { unsafe values(category: $0, weights, scorer) }
      return Values(mean: Self.mean(categories), categories: categories)
    }
  }

  private static func mean(_ categories: [[SIMD4<Double>]]) -> [SIMD4<Double>] {
    scores.indices.map { index in
      var (sum, count) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for values in categories {
        let isThere = values[index] .>= 0
        sum.replace(with: sum + values[index], where: isThere)
        count.replace(with: count + 1, where: isThere)
      }
      return (sum / count).replacing(with: -1, where: count .== 0)
    }
  }

  private func values(
    category: Int, _ weights: UnsafePointer<ImageWeights>, _ scorer: CurveScorer
  ) -> [SIMD4<Double>] {
    let ranges = DetectionScale.areas.indices.map {
      unsafe scorer.scores(category, $0, weights: weights)
    }
    return Self.scores.map { score in
      let scores = ranges[score.range]
      let overlaps = score.overlap.map { $0..<$0 + 1 } ?? 0..<DetectionScale.overlaps.count
      var sum = SIMD4<Double>.zero
      for overlap in overlaps { sum += scores[overlap, score.quantity] }
      return (sum / Double(overlaps.count)).replacing(with: -1, where: scores.objects .== 0)
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
    private func distribution(_ column: Int, _ point: SIMD4<Double>) -> BootstrapDistribution {
      BootstrapDistribution(
        BootstrapReplicates(point: point[0], values: rows.map { $0[column] }, leftOut: []))
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
    let lanes = ImageWeights.scalarCount
    let rows = pool.map((resamples + lanes - 1) / lanes) { block, worker -> [[Double]] in
      let values = values(
        weights: Self.weights(plan, first: block * lanes), scorers[worker])
      let columns = values.mean + values.categories.map { $0[0] }
      let count = min(lanes, resamples - block * lanes)
      advance(count)
      return (0..<count).map { lane in columns.map { $0[lane] < 0 ? .nan : $0[lane] } }
    }
    return Replicates(points: points, rows: Array(rows.joined()))
  }

  /// How often each image is drawn by a few resamples.
  static func weights(_ plan: Resamples, first: Int) -> [ImageWeights] {
    var weights = [ImageWeights](repeating: .zero, count: plan.images)
    var counts = [UInt8](repeating: 0, count: plan.images)
    for lane in 0..<ImageWeights.scalarCount {
      unsafe counts.withUnsafeMutableBufferPointer { counts in
        guard let counts = counts.baseAddress else { return }
        unsafe plan.count(first + lane, into: counts)
        for image in weights.indices { weights[image][lane] = unsafe Int32(counts[image]) }
      }
    }
    return weights
  }
}

extension CurveScores {
  /// What is asked for, at an overlap.
  fileprivate subscript(overlap: Int, quantity: DetectionSummary.Quantity) -> SIMD4<Double> {
    switch quantity {
    case .precision: precision[overlap]
    case .recallOfOne: recall[overlap].one
    case .recallOfTen: recall[overlap].ten
    case .recall: recall[overlap].all
    }
  }
}
