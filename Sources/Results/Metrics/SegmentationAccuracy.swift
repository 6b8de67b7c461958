import Support

/// How the pixels of one picture were classified: a count a class, of labelled pixels only.
package struct SegmentationCounts: Equatable, Sendable {
  /// Pixels that are of the class and were given it.
  package private(set) var intersection: [Int32]
  /// Pixels that were given the class.
  package private(set) var predicted: [Int32]
  /// Pixels that are of the class.
  package private(set) var labelled: [Int32]

  /// No pixels, of `classes` classes.
  package init(classes: Int) {
    intersection = [Int32](repeating: 0, count: classes)
    predicted = intersection
    labelled = intersection
  }

  /// Pixels that are counted already: one number a class.
  init(intersection: [Int32], predicted: [Int32], labelled: [Int32]) {
    self.intersection = intersection
    self.predicted = predicted
    self.labelled = labelled
  }

  /// Adds a pixel of class `label` that was given the class `prediction`.
  package mutating func add(label: Int, prediction: Int) {
    labelled[label] += 1
    predicted[prediction] += 1
    if label == prediction { intersection[label] += 1 }
  }

  /// Pixels that are of the class or were given it.
  package var union: [Int32] {
    zip(zip(predicted, labelled), intersection).map { $0.0 + $0.1 - $1 }
  }
}

/// A segmenter's scores over a test set, from sums of pixels over all pictures.
///
/// The definitions of mmsegmentation's `IoUMetric`: a class that neither labels nor predictions have is left out of the mean
/// IoU, one that is predicted only counts as 0, and one without labels is left out of the mean accuracy.
package struct SegmentationAccuracy: Sendable {
  /// `miou_present`, `macc_present` and `aacc`.
  package let metrics: [String: Metric]
  /// The IoU of each class; nil where neither labels nor predictions have it.
  package let perClass: [ClassResult]
  /// Pixels of each picture: `intersection`, `union` and `label_pixels` a class, `right_pixels` and `labelled_pixels`.
  package let predictions: Predictions

  /// Scores pictures.
  ///
  /// - Parameters:
  ///   - ids: what identifies each picture.
  ///   - counts: the pixels of each.
  ///   - classes: the names of the classes.
  ///   - pool: shares out the resamples, which are of pictures.
  /// - Throws: `InputError` when no pixel is labelled.
  package init(
    ids: [String], counts: [SegmentationCounts], classes: [String], pool: WorkerPool
  ) throws {
    let table = Self.table(ids, counts, classes: classes.count)
    guard counts.contains(where: { $0.labelled.contains { $0 > 0 } }) else {
      throw InputError("label maps", "no pixel of the \(ids.count) pictures has a class")
    }
    func metric(_ statistic: MetricOutcome.Statistic, _ columns: [String]) throws -> Metric {
      try Metric(MetricOutcome(statistic: statistic, columns: columns), of: table, pool: pool)
    }
    predictions = table
    metrics = [
      "miou_present": try metric(.meanRatio, ["intersection", "union"]),
      "macc_present": try metric(.meanRatio, ["intersection", "label_pixels"]),
      "aacc": try metric(.ratio, ["right_pixels", "labelled_pixels"]),
    ]
    perClass = Self.perClass(counts, classes, pool)
  }

  /// The mean IoU of pictures, without its uncertainty; nil when no class is there.
  package static func meanIoU(_ counts: [SegmentationCounts]) -> Double? {
    guard let classes = counts.first?.intersection.count else { return nil }
    let ratios = (0..<classes).compactMap { c -> Double? in
      let union = counts.reduce(0) { $0 + Int($1.union[c]) }
      return union == 0
        ? nil : Double(counts.reduce(0) { $0 + Int($1.intersection[c]) }) / Double(union)
    }
    return ratios.isEmpty ? nil : ratios.reduce(0, +) / Double(ratios.count)
  }

  private static func table(
    _ ids: [String], _ counts: [SegmentationCounts], classes: Int
  ) -> Predictions {
    func column(_ name: String, _ values: (SegmentationCounts) -> [Int32]) -> PredictionColumn {
      PredictionColumn(name, .integer(counts.flatMap(values)), width: classes)
    }
    func sum(_ name: String, _ values: (SegmentationCounts) -> [Int32]) -> PredictionColumn {
      PredictionColumn(name, .integer(counts.map { values($0).reduce(0, +) }))
    }
    return Predictions(
      ids: ExampleIDs(ids),
      columns: [
        column("intersection") { $0.intersection }, column("union") { $0.union },
        column("label_pixels") { $0.labelled }, sum("right_pixels") { $0.intersection },
        sum("labelled_pixels") { $0.labelled },
      ])
  }

  /// The IoU of each class, all from the same resamples of the pictures.
  private static func perClass(
    _ counts: [SegmentationCounts], _ classes: [String], _ pool: WorkerPool
  ) -> [ClassResult] {
    let unions = counts.map(\.union)
    let columns = classes.indices.map { c in counts.map { Double($0.intersection[c]) } }
    let statistics = SufficientStatistics(
      columns: columns + classes.indices.map { c in unions.map { Double($0[c]) } })
    let bootstrap = Bootstrap(statistics, seed: 0, pool: pool)
    let totals = statistics.totals
    return classes.enumerated().map { c, name in
      guard totals[classes.count + c] > 0 else { return ClassResult(name: name, metric: nil) }
      let distribution = unsafe bootstrap.distribution { unsafe $0[c] / $0[classes.count + c] }
      return ClassResult(
        name: name,
        metric: Metric(distribution, count: counts.count { $0.labelled[c] > 0 }))
    }
  }
}
