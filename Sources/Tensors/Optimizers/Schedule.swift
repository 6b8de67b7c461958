import Foundation

/// A linear warm-up followed by half a cosine, evaluated once an iteration.
///
/// He et al. 2022, appendix A.
package struct WarmUpCosine: Sendable {
  /// The rate at the end of the warm-up.
  package var peak: Double
  /// The rate at the end of training.
  package var floor: Double
  /// Iterations of warm-up, from 0.
  package var warmUp: Int
  /// Iterations in all.
  package var total: Int

  /// A schedule; `warmUp` may be 0.
  package init(peak: Double, floor: Double = 0, warmUp: Int, total: Int) {
    self.peak = peak
    self.floor = floor
    self.warmUp = warmUp
    self.total = total
  }

  /// The learning rate of iteration `step`, counted from 0.
  package func learningRate(at step: Int) -> Double {
    if step < warmUp { return peak * Double(step) / Double(warmUp) }
    let progress = Double(step - warmUp) / Double(max(1, total - warmUp))
    return floor + (peak - floor) * 0.5 * (1 + cos(.pi * min(1, progress)))
  }
}
