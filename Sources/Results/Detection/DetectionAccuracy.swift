import Support

/// COCO's twelve numbers for a set of detections, what they are for each category, and how sure they are.
///
/// The means are over categories that have an object of the range; without any the value is -1, as in COCO's own tools.
package struct DetectionAccuracy: Sendable {
  /// A number of the summary.
  package struct Score: Sendable {
    /// `AP`, `AP50`, … `ARl`.
    package let name: String
    /// What it is of, in words.
    package let words: String
    /// The value; -1 when no category has an object of the range.
    package let value: Double
    /// The value with its interval over images; nil when it was not asked for, or there is nothing to measure.
    package let metric: Metric?
  }

  /// One category.
  package struct Category: Sendable {
    package let id: Int
    package let name: String
    /// Objects that are no crowds.
    package let objects: Int
    /// Detections that are kept: at most 100 in an image.
    package let detections: Int
    /// The twelve numbers of the category alone.
    package let values: [Double]
    /// Its AP with its interval over images.
    package let precision: Metric?
  }

  /// What was compared.
  package let shape: DetectionProblem.Shape
  /// How many images there are.
  package let images: Int
  /// The twelve numbers in the order of COCO's tools.
  package let scores: [Score]
  /// All categories, by ascending id.
  package let categories: [Category]
  /// How many resamples of the images the intervals rest on.
  package let resamples: Int

  /// Scores detections.
  ///
  /// - Parameters:
  ///   - problem: objects and detections.
  ///   - categories: the ids and names of the categories.
  ///   - resamples: how many resamples of the images give the intervals; none without.
  ///   - seed: chooses them.
  ///   - pool: shares out the work; does not change the result.
  ///   - advance: called with the number of resamples that are done, by any worker.
  /// - Throws: `InputError` for a mask that breaks a rule.
  package init(
    _ problem: DetectionProblem, categories: [(id: Int, name: String)], resamples: Int = 1000,
    seed: UInt64 = 0, pool: WorkerPool, advance: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    precondition(categories.count == problem.categories, "a name for each category")
    let matches = try DetectionMatches(problem, pool: pool)
    let curves = DetectionCurves(matches, pool: pool)
    let summary = DetectionSummary(curves)
    let values = summary.values(
      weights: [ImageWeights](repeating: .one, count: max(1, problem.images)), CurveScorer(curves))
    let isResampled = resamples > 0 && problem.images > 0
    let replicates =
      isResampled
      ? summary.replicates(values, resamples: resamples, seed: seed, pool: pool, advance) : nil
    shape = problem.shape
    images = problem.images
    self.resamples = isResampled ? resamples : 0
    scores = DetectionSummary.scores.indices.map { index in
      Score(
        name: DetectionSummary.scores[index].name, words: DetectionSummary.scores[index].words,
        value: values.mean[index][0],
        metric: replicates.flatMap {
          values.mean[index][0] < 0 ? nil : Metric($0.mean(index), count: problem.images)
        })
    }
    self.categories = categories.indices.map { index in
      Category(
        id: categories[index].id, name: categories[index].name,
        objects: matches.objects[index].reduce(0) { $0 + Int($1.counts[0]) },
        detections: unsafe matches.detections(of: index).count,
        values: values.categories[index].map { $0[0] },
        precision: replicates.flatMap {
          values.categories[index][0][0] < 0
            ? nil : Metric($0.category(index), count: matches.objects[index].count)
        })
    }
  }
}
