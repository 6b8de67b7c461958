import Support

/// Values of examples that belong to classes; the metric is the mean over classes of the means of their
/// examples.
///
/// Memory grows with the examples, not with the classes, and a resample costs one pass over the examples.
struct ClassOutcomes: Sendable {
  /// The examples, class after class; within a class in their order.
  private let examples: [Int32]
  /// The value of each of `examples`.
  private let values: [Double]
  /// Where each class that occurs ends in `examples`.
  private let ends: [Int]

  /// Sorts examples by class.
  ///
  /// - Parameters:
  ///   - labels: the class of each example, at least zero.
  ///   - values: the value of each example.
  init(labels: [Int32], values: [Double]) {
    let order = labels.indices.sorted { (labels[$0], $0) < (labels[$1], $1) }
    examples = order.map { Int32($0) }
    self.values = order.map { values[$0] }
    ends = order.indices.filter { place in
      place + 1 == order.count || labels[order[place]] != labels[order[place + 1]]
    }.map { $0 + 1 }
  }

  /// The metric of all examples, each counted once; not a number without any.
  var value: Double {
    value(counting: [UInt8](repeating: 1, count: examples.count))
  }

  /// The metric where each example counts as often as given; classes that do not occur do not count.
  private func value(counting counts: [UInt8]) -> Double {
    var (sum, present) = (0.0, 0)
    unsafe counts.withUnsafeBufferPointer { counts in
      unsafe examples.withUnsafeBufferPointer { examples in
        unsafe values.withUnsafeBufferPointer { values in
          var start = 0
          for end in ends {
            var (total, weight) = (0.0, 0.0)
            for place in start..<end {
              let count = unsafe Double(counts[Int(examples[place])])
              unsafe total += count * values[place]
              weight += count
            }
            if weight != 0 {
              sum += total / weight
              present += 1
            }
            start = end
          }
        }
      }
    }
    return sum / Double(present)
  }

  /// The metric of bootstrap resamples.
  ///
  /// - Parameters:
  ///   - resamples: how many.
  ///   - seed: chooses them.
  ///   - pool: shares them out.
  /// - Returns: the replicates; the same for any number of workers.
  func replicates(resamples: Int, seed: UInt64, pool: WorkerPool) -> BootstrapReplicates {
    let plan = Resamples(images: examples.count, seed: seed)
    let values = pool.map(resamples) { resample in
      unsafe value(
        counting: [UInt8](unsafeUninitializedCapacity: plan.images) { buffer, count in
          if let counts = buffer.baseAddress { unsafe plan.count(resample, into: counts) }
          count = plan.images
        })
    }
    return BootstrapReplicates(point: value, values: values, leftOut: leavingOneOut)
  }

  /// The metric without each example in turn.
  private var leavingOneOut: [Double] {
    var means: [Double] = []
    var start = 0
    for end in ends {
      means.append(values[start..<end].reduce(0, +) / Double(end - start))
      start = end
    }
    let (sum, classes) = (means.reduce(0, +), Double(ends.count))
    var result = [Double](repeating: 0, count: examples.count)
    start = 0
    for (mean, end) in zip(means, ends) {
      let size = Double(end - start)
      for place in start..<end {
        let isLast = size == 1
        let rest = isLast ? 0 : (mean * size - values[place]) / (size - 1)
        result[Int(examples[place])] = (sum - mean + rest) / (isLast ? classes - 1 : classes)
      }
      start = end
    }
    return result
  }
}
