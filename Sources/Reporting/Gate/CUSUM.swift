import Results

/// A memory of many small losses, each too small to be a regression.
///
/// A one-sided CUSUM of the losses against a frozen anchor, S ← max(0, S + (loss/σ − ½)), says when
/// to look (S > 4). But all runs share the anchor's luck on the same test images, which a CUSUM takes
/// for drift. So an alarm also needs the mean of the runs since S was last zero to lie below the
/// anchor with certainty, its error taken over images, where shared luck counts in full.
struct CUSUM {
  /// Where the sum raises an alarm.
  static let threshold = 4.0
  /// What each run may lose, in standard errors, without being added.
  static let slack = 0.5

  /// The sum after the last run.
  private(set) var sum = 0.0
  /// How many runs have come since the sum was last zero.
  private(set) var runsSinceZero = 0

  /// Adds runs in the order in which they were made.
  ///
  /// - Parameter losses: each run's loss against the anchor (positive is worse) and its standard error.
  init(_ losses: [(loss: Double, standardError: Double)]) {
    for (loss, error) in losses {
      sum = max(0, sum + (error > 0 ? loss / error : 0) - Self.slack)
      runsSinceZero = sum > 0 ? runsSinceZero + 1 : 0
    }
  }

  /// Whether to look closer.
  var isRaised: Bool { sum > Self.threshold }
}

extension ComparedMetric {
  /// The mean gain of several runs over this one, and its standard error over images; nil where no
  /// outcomes were kept.
  func meanGain(of runs: [ComparedMetric]) -> (gain: Double, standardError: Double)? {
    let sign = higherIsBetter ? 1.0 : -1.0
    if let anchor = binary {
      let outcomes = runs.compactMap(\.binary)
      guard outcomes.count == runs.count else { return nil }
      let (mean, error) = meanDifference(anchor: anchor, runs: outcomes)
      return (sign * mean, error)
    }
    let all = runs.compactMap(\.replicates)
    guard let anchor = replicates, all.count == runs.count, let mean = BootstrapReplicates.mean(all)
    else { return nil }
    let distribution = BootstrapDistribution(mean - anchor)
    return (sign * distribution.point, distribution.standardError)
  }
}

/// The mean over runs and images of the difference from the anchor, with its error over images.
func meanDifference(
  anchor: [UInt8], runs: [[UInt8]]
) -> (mean: Double, standardError: Double) {
  let count = Double(max(1, anchor.count))
  var right = [Double](repeating: 0, count: anchor.count)
  for run in runs {
    for image in right.indices { right[image] += Double(run[image]) }
  }
  var sum = 0.0
  var squares = 0.0
  for image in right.indices {
    let gain = right[image] / Double(runs.count) - Double(anchor[image])
    sum += gain
    squares += gain * gain
  }
  let mean = sum / count
  return (mean, (max(0, squares / count - mean * mean) / count).squareRoot())
}
