import Support
import Training

/// A moving average of the encoder, with a momentum that rises over the first part of a run.
///
/// Baevski et al. 2022, "data2vec": from 0.999 to 0.9998 in its long runs; short ones need less, or the teacher stays
/// random.
struct MomentumTeacher: Teacher {
  static let kind = "momentum"
  static let summary = "a moving average of the encoder (data2vec)"

  private let start: Double
  private let end: Double
  private let share: Double

  init(_ fields: Fields) throws {
    start = try fields.take("momentum", default: 0.999, in: 0...1, "at the first step")
    end = try fields.take(
      "final_momentum", default: start, in: 0...1, "at the end of the rise")
    share = try fields.take(
      "rise", default: 1.0, in: 0...1, "share of the steps that it rises over")
  }

  func momentum(steps: Int) -> Schedule {
    Schedule(
      .linear, peak: start, end: end, total: max(1, Int((share * Double(steps)).rounded())))
  }
}
