import Encoders
import Support
import Tensors
import Vision

/// What a family fixes that its weights do not show.
struct TransformerTraits: Sendable {
  var normEpsilon: Float = 1e-6
  var activation = Activation.gelu
  /// How positions are resampled to another side.
  var resampling = PositionResampling.antialiased
  /// How relative positions are.
  var relativeResampling = PositionResampling.geometric
  /// The side that is evaluated by custom; the side of training when nil.
  var customarySide: Int?
  /// The transform where no file beside the weights asks for one: that of the authors' evaluation.
  var preprocessing = Preprocessing(side: 224)
  /// The same for inputs of 384 pixels and more, where it is another.
  var largePreprocessing: Preprocessing?
  var headPooling = ClassifierHead.Pooling.classToken
  /// Attention heads of a width, where the family departs from `standardHeads`.
  var heads: [Int: Int] = [:]
  /// Heads that a configuration beside the weights states.
  var statedHeads: Int?
  /// Side of training that a configuration beside the weights states.
  var statedSide: Int?
  /// Rotary positions; none when nil.
  var rotary: Rotary?
  /// Whether such a network without any positions computes what ours without them does.
  var mayLackPositions = false
  var notes: [String] = []

  /// What fixes rotary positions.
  enum Rotary {
    /// The base of their periods.
    case base(Double)
    /// The periods themselves.
    case periods([Float])

    /// The positions for heads of a width.
    func positions(headWidth: Int) -> RotaryPositions {
      switch self {
      case .base(let base): RotaryPositions(base: base, headWidth: headWidth)
      case .periods(let periods): RotaryPositions(periods: periods)
      }
    }
  }

  /// Heads of the widths that vision transformers come in.
  static let standardHeads = [
    192: 3, 384: 6, 512: 8, 768: 12, 1024: 16, 1152: 16, 1280: 16, 1408: 16, 1536: 24, 1664: 16,
  ]
}
