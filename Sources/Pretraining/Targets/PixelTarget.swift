import Encoders
import Support
import Tensors

/// The pixels of hidden patches, perhaps normalised within each patch.
///
/// He et al. 2022, section 4 (normalised, unbiased variance over all pixels and colours of a patch); Xie et al. 2022,
/// "SimMIM" (as they are).
struct PixelTarget: PaintableTarget {
  static let kind = "pixels"
  static let summary = "pixels of hidden patches, perhaps normalised per patch (MAE, SimMIM)"

  private let patch: Int
  private let channels: Int
  private let isNormalised: Bool
  /// The order of a row: SimMIM's one colour after the other, or MAE's one pixel after the other.
  private let isChannelFirst: Bool

  init(_ fields: Fields, _ context: PartContext) throws {
    try context.checkHidesPatches("pixels", fields)
    isNormalised = try fields.take(
      "normalise", default: true, "subtract each patch's mean and divide by its deviation")
    fields.recordsDefaults = false
    isChannelFirst =
      try fields.takeChoice(
        "order", of: ["pixels", "channels"], default: "pixels",
        "which values of a patch are neighbours: those of a pixel, or of a channel") == "channels"
    fields.recordsDefaults = true
    patch = context.encoder.level(nil).stride
    channels = context.encoder.channels
  }

  var shape: PredictionShape { .hiddenPatches(width: channels * patch * patch) }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    graph.patchTargets(
      slice.images, rows: slice.hiddenRows(places: patches(of: slice)), patch: patch,
      isNormalised: isNormalised, isChannelFirst: isChannelFirst)
  }

  /// Where targets are normalised, each patch gets back the mean and deviation of the original: the network never
  /// learned to predict these, so the picture shows what it did learn.
  func painted(_ predictions: Node, into slice: PretrainingSlice) -> [Float] {
    let (height, width) = (slice.images.shape[2], slice.images.shape[3])
    let images = slice.images.array
    let predicted = predictions.array
    var values = images
    let length = channels * patch * patch
    let patches = patches(of: slice)
    for (index, row) in slice.hiddenRows(places: patches).enumerated() {
      let (image, place) = (Int(row) / patches, Int(row) % patches)
      let corner =
        image * channels * height * width + place / (width / patch) * patch * width
        + place % (width / patch) * patch
      let offsets = (0..<length).map { value in
        let channel = isChannelFirst ? value / (patch * patch) : value % channels
        let pixel = isChannelFirst ? value % (patch * patch) : value / channels
        return corner + (channel * height + pixel / patch) * width + pixel % patch
      }
      let scale = isNormalised ? Self.moments(offsets.map { images[$0] }) : (mean: 0, deviation: 1)
      for (value, offset) in offsets.enumerated() {
        values[offset] = predicted[index * length + value] * scale.deviation + scale.mean
      }
    }
    return values
  }

  private func patches(of slice: PretrainingSlice) -> Int {
    (slice.images.shape[2] / patch) * (slice.images.shape[3] / patch)
  }

  /// Mean and (unbiased) standard deviation of a patch, as targets are normalised with.
  private static func moments(_ values: [Float]) -> (mean: Float, deviation: Float) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let variance = squares / Double(max(1, values.count - 1))
    return (Float(mean), Float((variance + 1e-6).squareRoot()))
  }
}
