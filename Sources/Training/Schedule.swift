import Foundation

/// A value that changes over the steps of a run: a learning rate, a weight decay, the momentum of a teacher.
package struct Schedule: Sendable, Equatable {
  /// How it goes on after the warm-up.
  package enum Shape: Sendable, Equatable {
    case constant
    /// Half a cosine from peak to end.
    case cosine
    /// A straight line from peak to end.
    case linear
    /// The peak times `factor` for each of the steps that has been reached.
    case steps([Int], factor: Double)
  }

  package var shape: Shape
  /// The value at the end of the warm-up.
  package var peak: Double
  /// The value at the end of the run, where the shape leads to one.
  package var end: Double
  /// The value at step 0 of a warm-up.
  package var start: Double
  /// Steps of the linear warm-up; 0 for none.
  package var warmUp: Int
  /// Steps in all; after them the value stays.
  package var total: Int

  /// A schedule of `total` steps, the warm-up among them.
  package init(
    _ shape: Shape, peak: Double, end: Double = 0, start: Double = 0, warmUp: Int = 0, total: Int
  ) {
    self.shape = shape
    (self.peak, self.end, self.start) = (peak, end, start)
    (self.warmUp, self.total) = (warmUp, total)
  }

  /// A value that stays.
  package static func constant(_ value: Double) -> Schedule {
    Schedule(.constant, peak: value, total: 0)
  }

  /// The value of a step, counted from 0.
  package func value(at step: Int) -> Double {
    if step < warmUp { return start + (peak - start) * Double(step) / Double(warmUp) }
    let progress = min(1, Double(step - warmUp) / Double(max(1, total - warmUp)))
    switch shape {
    case .constant: return peak
    case .cosine: return end + (peak - end) * 0.5 * (1 + cos(.pi * progress))
    case .linear: return peak + (end - peak) * progress
    case .steps(let places, let factor):
      return peak * pow(factor, Double(places.count { $0 <= step }))
    }
  }
}
