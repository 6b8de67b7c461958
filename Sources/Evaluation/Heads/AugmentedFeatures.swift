import Support
import Tensors
import Vision

/// Features of images that are cropped and mirrored anew in each epoch.
///
/// Every batch runs through the encoder. A view depends on seed, epoch and image only.
final class AugmentedFeatures: HeadInput, TokenInput {
  let count: Int
  let feature: ResolvedFeature
  private let extractor: FeatureExtractor
  private let channels: Int
  private let split: any ImageSplit
  private let augmentation: TrainingAugmentation
  private let seed: UInt64
  private let purpose: String
  private var buffers: FeatureBuffers?

  var width: Int { feature.width }
  var tokens: Int { feature.tokens }

  /// Features of images of `split`, the training split when nil.
  init(
    _ context: TaskContext, _ request: FeatureRequest, _ augmentation: ProbeAugmentation,
    split: (any ImageSplit)? = nil, purpose: String = "probe augmentation"
  ) throws {
    feature = try context.subject.resolve(request)
    self.split = split ?? context.dataset.train
    self.purpose = purpose
    count = self.split.count
    channels = context.subject.channels
    seed = context.seed
    let evaluation = context.subject.preprocessing
    var view = TrainingAugmentation(
      side: evaluation.side, scale: augmentation.minimumScale...1, flip: augmentation.flip,
      interpolation: evaluation.interpolation, statistics: evaluation.statistics)
    view.white = evaluation.white
    self.augmentation = view
    extractor = FeatureExtractor(
      context.subject, pool: context.pool, precision: context.precision)
  }

  func batch(_ examples: [Int32], epoch: Int) throws -> BatchRows {
    try compute(examples, epoch: epoch).rows(0, count: examples.count)
  }

  func batch(_ examples: [Int32], epoch: Int) throws -> BatchTokens {
    try compute(examples, epoch: epoch).tokens(0, count: examples.count)
  }

  /// The features of some examples, row after row; valid until the next call.
  func compute(
    _ examples: [Int32], epoch: Int, advance: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> FeatureBuffers {
    if (buffers?.capacity ?? 0) < examples.count {
      buffers = FeatureBuffers([feature], capacity: examples.count)
    }
    let buffers = buffers ?? FeatureBuffers([feature], capacity: examples.count)
    let (split, augmentation, seed, purpose) = (split, augmentation, seed, purpose)
    let channels = channels
    try unsafe extractor.encode(examples.count, into: buffers, advance: advance) { index, target in
      let example = Int(examples[index])
      var random = RandomStream(seed: seed, purpose: purpose, epoch, example)
      let image = try split.image(at: example)
      unsafe image.render(channels: channels, side: augmentation.side, into: target) {
        unsafe augmentation.render($0, random: &random, into: $1)
      }
    }
    return buffers
  }
}
