import Support
import Tensors

/// The mean modulus of the difference of two spectra, at the frequencies that were taken away.
///
/// Xie et al. 2023, "Masked Frequency Modeling", official code: a mean over the removed frequencies of all images and
/// channels, so a low-passed image, which lacks nearly all, weighs more than a high-passed one.
struct SpectralLoss: PairLoss {
  static let kind = "spectral"
  static let summary = "distance of spectra where frequencies were taken away (MFM)"

  init(_ fields: Fields) throws {}

  func check(_ shape: PredictionShape, _ fields: Fields, _ context: PartContext) throws {
    guard shape == .image else {
      throw fields.error(
        at: "kind", "spectral compares whole images, not \(shape.words)",
        "use target: {kind: image}")
    }
    guard context.mask is DiscMask else {
      throw fields.error(
        at: "kind", "spectral counts removed frequencies, and the mask removes none",
        "use mask: {kind: disc}")
    }
  }

  func value(
    _ prediction: Node, target: Node, of slice: PretrainingSlice, weight: Double, in graph: Graph
  ) -> Double {
    let counted = slice.totals.removed * prediction.shape[1]
    guard counted > 0 else { return 0 }
    return unsafe graph.spectralLoss(
      prediction, target: target.data, isCounted: slice.removed.flatMap(\.removed),
      weight: Float(weight / Double(counted)))
  }
}
