import Encoders
import Support
import Tensors

/// Masked autoencoding: regress the pixels of hidden patches from the visible ones.
///
/// He et al., "Masked Autoencoders Are Scalable Vision Learners", CVPR 2022. The mask is a
/// replaceable part; the loss is the mean squared error over hidden patches of the whole batch.
package final class MaskedAutoencoder: ReconstructingMethod {
  package static let kind = "mae"
  package static let summary = "masked autoencoder: pixels of hidden patches (He et al. 2022)"

  package let parameters = ParameterStore()
  package let maskFingerprint: JSON?
  package let mask: any MaskGenerator
  private let encoder: VisionTransformer
  private let decoder: SelfAttentionDecoder
  private let targets: PixelTargets
  private let visibleCount: Int

  package init(_ fields: Fields, encoder: VisionTransformer, seed: UInt64) throws {
    guard encoder.configuration.hasClassToken, encoder.configuration.registerTokens == 0 else {
      throw InputError(encoder.name, "MAE needs a class token and no registers")
    }
    guard encoder.masks.contains(.drop) else {
      throw InputError(
        encoder.name, "cannot leave out patches, as MAE does: it has relative positions",
        "use an encoder without them")
    }
    self.encoder = encoder
    let grid = encoder.patchGrid
    mask = try makeMask(
      fields.takeFields("mask", "which patches are hidden"))
    visibleCount = try mask.visibleCount(rows: grid.rows, columns: grid.columns)
    guard visibleCount < encoder.patchCount else {
      throw fields.error(at: "mask", "nothing is hidden", "raise the mask ratio")
    }
    maskFingerprint = try mask.fingerprint(rows: grid.rows, columns: grid.columns)
    let target = try fields.takeFields("target", "what is regressed")
    targets = PixelTargets(
      patch: encoder.configuration.patch,
      isNormalised: try target.take(
        "normalise", default: true, "subtract each patch's mean and divide by its deviation"))
    try target.finish()
    let settings = try fields.takeFields("decoder", "the transformer that predicts pixels")
    decoder = try SelfAttentionDecoder(
      settings, encoder: encoder,
      outputs: targets.length(channels: encoder.configuration.channels), in: parameters,
      seed: seed)
    try settings.finish()
  }

  package var cost: PretrainingCost {
    PretrainingCost(
      patches: encoder.patchCount, visiblePatches: visibleCount,
      encoderForward: encoder.configuration.forwardFLOPs(patches: visibleCount),
      predictorForward: decoder.forwardFLOPs(
        visible: visibleCount, wanted: encoder.patchCount - visibleCount))
  }

  package func loss(of slice: PretrainingSlice, in graph: Graph) -> Double {
    let plans = slice.samples.map { plan(sample: $0, epoch: slice.epoch, seed: slice.seed) }
    return loss(of: slice.images, plans: plans, batch: slice.batch, in: graph)
  }

  /// The loss under given masks.
  ///
  /// - Parameters:
  ///   - images: float32 `[count, channels, side, side]`.
  ///   - plans: one an image.
  ///   - batch: images of the whole batch.
  ///   - graph: the computation.
  /// - Returns: this slice's share of the batch's mean squared error over hidden patches.
  package func loss(of images: Node, plans: [MaskPlan], batch: Int, in graph: Graph) -> Double {
    let hidden = plans.flatMap(\.hidden)
    let predictions = predictions(of: images, plans: plans, wanted: hidden, in: graph)
    let target = targets(images, at: hidden, in: graph)
    let places = batch * (encoder.patchCount - visibleCount)
    return graph.regressionLoss(
      predictions, target: target.data, distance: .squared,
      weight: 1 / Float(places * target.columns))
  }

  /// Predicted (normalised) pixels at chosen places.
  ///
  /// - Parameters:
  ///   - images: float32 `[count, channels, side, side]`.
  ///   - plans: one an image.
  ///   - wanted: raster indices, `[count × wanted]`.
  ///   - graph: the computation.
  /// - Returns: float32 `[count, wanted, patch × patch × channels]`.
  package func predictions(
    of images: Node, plans: [MaskPlan], wanted: [Int32], in graph: Graph
  ) -> Node {
    let visible = plans.flatMap(\.visible)
    let encoded = encoder.encode(EncoderInput(images, mask: .drop(visible: visible)), in: graph)
    return decoder.predictions(from: encoded.sequence, visible: visible, wanted: wanted, in: graph)
  }

  /// The mask of a sample in an epoch.
  package func plan(sample: Int, epoch: Int, seed: UInt64) -> MaskPlan {
    var random = RandomStream(seed: seed, purpose: "mask", epoch, sample)
    let grid = encoder.patchGrid
    return mask.plan(rows: grid.rows, columns: grid.columns, random: &random)
  }

  package func reconstructions(of images: Node, plans: [MaskPlan], in graph: Graph) -> [Float] {
    let hidden = plans.flatMap(\.hidden)
    let predictions = predictions(of: images, plans: plans, wanted: hidden, in: graph)
    return targets.placing(predictions, at: hidden, into: images)
  }
}
