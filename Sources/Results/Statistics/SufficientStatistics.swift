/// What a metric needs from each image, as numbers that add up over images.
///
/// Accuracy needs one column (right or wrong), a paired comparison two, mean intersection over
/// union three per class. A resample of the images is a weighted sum of the rows.
package struct SufficientStatistics: Sendable {
  /// How many images (rows) there are.
  package let images: Int
  /// How many numbers each image has.
  package let columns: Int
  /// Column after column, `images` numbers each.
  package let values: [Double]

  /// Joins columns of equal length.
  package init(columns: [[Double]]) {
    images = columns.first?.count ?? 0
    self.columns = columns.count
    let rows = images
    precondition(columns.allSatisfy { $0.count == rows }, "columns differ in length")
    values = Array(columns.joined())
  }

  /// The sum of each column over all images, each counted once.
  package var totals: [Double] {
    (0..<columns).map { column in
      var sum = 0.0
      for index in column * images..<(column + 1) * images { sum += values[index] }
      return sum
    }
  }

  /// A metric of the column sums without each image in turn.
  func leavingOneOut(_ metric: (UnsafeBufferPointer<Double>) -> Double) -> [Double] {
    let totals = totals
    var without = totals
    return unsafe values.withUnsafeBufferPointer { values in
      (0..<images).map { image in
        for column in 0..<totals.count {
          without[column] = unsafe totals[column] - values[column * images + image]
        }
        return unsafe without.withUnsafeBufferPointer(metric)
      }
    }
  }
}
