import Encoders
import Foundation
import Support
import Tensors
import Vision

/// What a mask hides and what the network paints in, on some images: three strips of pictures.
package struct PretrainingPictures: Equatable, Sendable {
  /// The images as the encoder's transform shows them, side by side.
  package let original: Image
  /// The same with hidden patches grey.
  package let masked: Image
  /// The same with hidden patches painted in; visible patches are the original's.
  package let reconstruction: Image

  /// How many images a strip shows.
  package static let count = 8
  /// The widest that an image is shown, in pixels.
  static let widest = 64
  /// Pixels between two images.
  static let gap = 2

  /// Strips that are drawn already.
  package init(original: Image, masked: Image, reconstruction: Image) {
    self.original = original
    self.masked = masked
    self.reconstruction = reconstruction
  }

  /// Draws the strips.
  ///
  /// - Parameters:
  ///   - method: trained; it must be paintable.
  ///   - preprocessing: the transform of evaluation.
  ///   - images: a split; as many as `count` are taken, evenly spaced.
  ///   - pool: the workers.
  /// - Throws: `InputError` when an image is unusable.
  package init(
    _ method: PretrainingObjective, preprocessing: Preprocessing, images: any ImageSplit,
    pool: WorkerPool
  ) throws {
    let count = min(Self.count, images.count)
    let samples = (0..<count).map { $0 * images.count / max(count, 1) }
    // The same places for checkpoints of the same mask, whatever their seed.
    let plans = samples.compactMap { method.plan(sample: $0, epoch: 0, seed: 0) }
    precondition(plans.count == count && method.isPaintable, "pictures of what cannot be shown")
    let painted = PictureBuffer(count * preprocessing.count)
    let seen = PictureBuffer(count * preprocessing.count)
    try DataParallel(pool: pool, precision: .fp32).forEachSlice(of: count, slice: count) {
      graph, range in
      let side = preprocessing.side
      let node = try unsafe graph.constant([range.count, 3, side, side]) { planes in
        for (row, index) in range.enumerated() {
          let image = try images.image(at: samples[index])
          unsafe preprocessing.render(image, into: planes + row * preprocessing.count)
        }
      }
      unsafe seen.fill(UnsafeBufferPointer(start: node.data, count: node.count))
      let values = method.reconstructions(of: node, plans: plans, in: graph)
      unsafe values.withUnsafeBufferPointer { unsafe painted.fill($0) }
    }
    let tiles = (0..<count).map { index in
      let range = index * preprocessing.count..<(index + 1) * preprocessing.count
      return (
        picture(seen.values[range], preprocessing), picture(painted.values[range], preprocessing)
      )
    }
    original = strip(tiles.map(\.0))
    masked = strip(zip(tiles, plans).map { grey($0.0, where: $1) })
    reconstruction = strip(tiles.map(\.1))
  }
}

/// Floats that one worker fills.
private final class PictureBuffer: @unchecked Sendable {
  private(set) var values: [Float]

  init(_ count: Int) { values = [Float](repeating: 0, count: count) }

  func fill(_ source: UnsafeBufferPointer<Float>) { values = unsafe Array(source) }
}

/// Normalised planes as a picture.
private func picture(_ planes: ArraySlice<Float>, _ preprocessing: Preprocessing) -> Image {
  let (side, statistics) = (preprocessing.side, preprocessing.statistics)
  let plane = side * side
  let levels = planes.enumerated().map { index, value -> Float in
    let channel = index / plane
    let level = (value * statistics.deviation[channel] + statistics.mean[channel]) * 255
    return min(255, max(0, level.rounded()))
  }
  return unsafe levels.withUnsafeBufferPointer { levels in
    guard let base = levels.baseAddress else { preconditionFailure("a picture without pixels") }
    return unsafe Image(width: side, height: side, levels: base)
  }
}

/// The picture with the hidden patches of a square grid in grey.
private func grey(_ image: Image, where plan: MaskPlan) -> Image {
  let across = Int(Double(plan.visible.count + plan.hidden.count).squareRoot().rounded())
  let patch = image.width / across
  var image = image
  for index in plan.hidden {
    let (top, left) = (Int(index) / across * patch, Int(index) % across * patch)
    for row in top..<top + patch {
      let start = 3 * (row * image.width + left)
      for sample in start..<start + 3 * patch { image.pixels[sample] = 128 }
    }
  }
  return image
}

/// Square pictures of one size side by side on white, made smaller if they are large.
private func strip(_ images: [Image]) -> Image {
  let side = images.first?.width ?? 1
  let shown = side / ((side + PretrainingPictures.widest - 1) / PretrainingPictures.widest)
  let tiles = images.map {
    shown == side ? $0 : $0.resized(width: shown, height: shown, .bilinear)
  }
  let step = shown + PretrainingPictures.gap
  let width = max(1, tiles.count * step - PretrainingPictures.gap)
  var pixels = [UInt8](repeating: 255, count: width * shown * 3)
  for (index, tile) in tiles.enumerated() {
    for row in 0..<shown {
      let target = 3 * (row * width + index * step)
      pixels.replaceSubrange(
        target..<target + 3 * shown, with: tile.pixels[3 * row * shown..<3 * (row + 1) * shown])
    }
  }
  return Image(width: width, height: shown, pixels: pixels)
}
