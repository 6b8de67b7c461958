import Support
import Training

/// The encoder as it was before the first step, which stays.
struct FixedTeacher: Teacher {
  static let kind = "fixed"
  static let summary = "the encoder as it was at the start"

  init(_ fields: Fields) throws {}

  func momentum(steps: Int) -> Schedule { .constant(1) }
}
