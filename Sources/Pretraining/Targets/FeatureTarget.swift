import Encoders
import Support
import Tensors

/// What a teacher makes of hidden patches when it sees the whole image: the mean of its last blocks.
///
/// Baevski et al. 2022, "data2vec", official vision code: the outputs of the blocks, each row with mean 0 and variance 1
/// over its features, averaged, and normalised again.
struct FeatureTarget: Target {
  static let kind = "features"
  static let summary = "a teacher's features of hidden patches, averaged over blocks (data2vec)"
  private static let epsilon: Float = 1e-5

  private let width: Int
  private let normalisesMean: Bool
  let teacherLevels: [Int]

  init(_ fields: Fields, _ context: PartContext) throws {
    try context.checkHidesPatches("features", fields)
    let depth = context.encoder.depth
    let blocks = try fields.take(
      "blocks", default: max(1, depth / 2), in: 1...1000, "the last blocks that are averaged")
    guard blocks <= depth else {
      throw fields.error(at: "blocks", "\(context.encoder.name) has \(depth) blocks, not \(blocks)")
    }
    normalisesMean = try fields.take(
      "normalise_mean", default: true, "normalise the average of the blocks once more")
    teacherLevels = Array(depth - blocks + 1...depth)
    width = context.encoder.width
  }

  var shape: PredictionShape { .hiddenPatches(width: width) }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    let levels = teacherLevels.compactMap { teacher?.levels[$0] }
    precondition(levels.count == teacherLevels.count, "features of a teacher without a teacher")
    let blocks = levels.map { level -> Node in
      graph.standardized(level.hiddenPatches(of: slice, in: graph), epsilon: Self.epsilon)
    }
    let mean = graph.mean(of: blocks)
    return normalisesMean ? graph.standardized(mean, epsilon: Self.epsilon) : mean
  }
}

extension LevelFeatures {
  /// The rows of hidden patches, of a sequence that has all: float32 `[hidden patches, channels]`.
  func hiddenPatches(of slice: PretrainingSlice, in graph: Graph) -> Node {
    let (views, tokens, width) = (sequence.shape[0], sequence.shape[1], sequence.shape[2])
    let rows = slice.hiddenRows(places: tokens, prefix: prefixTokens)
    return graph.gathered(
      graph.converted(sequence, to: .float32).reshaped([1, views * tokens, width]), at: rows
    ).reshaped([rows.count, width])
  }
}
