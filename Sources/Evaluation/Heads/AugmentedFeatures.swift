import Support
import Tensors
import Vision

/// Features of training images that are cropped and mirrored anew in each epoch.
///
/// Every batch runs through the encoder. A view depends on seed, epoch and image only.
final class AugmentedFeatures: HeadInput {
  let count: Int
  let feature: ResolvedFeature
  private let extractor: FeatureExtractor
  private let split: any ImageSplit
  private let augmentation: TrainingAugmentation
  private let seed: UInt64
  private var buffers: FeatureBuffers?

  var width: Int { feature.width }

  init(
    _ context: TaskContext, _ request: FeatureRequest, _ augmentation: ProbeAugmentation
  ) throws {
    feature = try context.subject.resolve(request)
    split = context.dataset.train
    count = split.count
    seed = context.seed
    let evaluation = context.subject.preprocessing
    self.augmentation = TrainingAugmentation(
      side: evaluation.side, scale: augmentation.minimumScale...1, flip: augmentation.flip,
      interpolation: evaluation.interpolation, statistics: evaluation.statistics)
    extractor = FeatureExtractor(
      context.subject, pool: context.pool, precision: context.precision)
  }

  func batch(_ examples: [Int32], epoch: Int) throws -> BatchRows {
    BatchRows(rows: try compute(examples, epoch: epoch).floats(0), indices: nil)
  }

  /// The features of some examples, row after row; valid until the next call.
  func compute(_ examples: [Int32], epoch: Int) throws -> FeatureBuffers {
    if (buffers?.capacity ?? 0) < examples.count {
      buffers = FeatureBuffers([feature], capacity: examples.count)
    }
    let buffers = buffers ?? FeatureBuffers([feature], capacity: examples.count)
    let (split, augmentation, seed) = (split, augmentation, seed)
    try extractor.encode(examples.count, into: buffers, advance: { _ in }) { index, target in
      let example = Int(examples[index])
      var random = RandomStream(seed: seed, purpose: "probe augmentation", epoch, example)
      augmentation.render(try split.image(at: example), random: &random, into: target)
    }
    return buffers
  }
}
