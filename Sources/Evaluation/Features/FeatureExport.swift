import Encoders
import Foundation
import Support
import Tensors
import Vision

/// Images on their way into an encoder, from a data set or already preprocessed.
package struct FeatureImages: Sendable {
  /// How many there are.
  package let count: Int
  /// Writes image `index` as `[3, side, side]`.
  let render: FeatureExtractor.Rendering

  /// The images of a split, with the transform of evaluation.
  package init(_ split: any ImageSplit, preprocessing: Preprocessing) {
    count = split.count
    render = { index, target in
      preprocessing.render(try split.image(at: index), into: target)
    }
  }

  /// Images that are preprocessed already.
  /// - Parameters:
  ///   - tensor: float32 `[images, 3, side, side]`.
  ///   - side: what the encoder takes.
  ///   - source: where they come from, for messages.
  /// - Throws: `InputError` when the shape does not fit the encoder.
  package init(_ tensor: Tensor, side: Int, source: String) throws {
    guard tensor.shape.count == 4, tensor.shape[1...] == [3, side, side] else {
      throw InputError(
        source, "has shape \(tensor.shape), the encoder takes [images, 3, \(side), \(side)]",
        "preprocess the images to that size, or set checkpoint.side")
    }
    count = tensor.shape[0]
    let length = 3 * side * side
    render = { index, target in
      target.update(from: tensor.data + index * length, count: length)
    }
  }
}

/// Writes features as a NumPy array, a chunk of images after the other.
///
/// - Parameters:
///   - request: which; tokens give float32 `[images, tokens, width]`, others `[images, width]`.
///   - subject: the checkpoint; it needs an encoder.
///   - images: what it sees.
///   - path: the `.npy` file; whole or absent.
///   - pool: the workers.
///   - precision: of matrix products.
/// - Returns: the shape of the array.
/// - Throws: `InputError` when an image is unusable, a feature is not finite, or the file cannot be
///   written.
package func exportFeatures(
  _ request: FeatureRequest, of subject: EvaluationSubject, on images: FeatureImages,
  to path: String, pool: WorkerPool, precision: Precision
) throws -> [Int] {
  guard let encoder = subject.encoder else {
    throw InputError(subject.source, "has no encoder, so no features", "give a checkpoint")
  }
  let feature = try subject.resolve(request)
  let shape =
    feature.request.kind == .tokens
    ? [images.count, feature.tokens, feature.width] : [images.count, feature.width]
  let run = FeatureRun(
    encoder: encoder, feature: feature, images: images, side: subject.preprocessing.side,
    source: subject.source, workers: DataParallel(pool: pool, precision: precision))
  let slice = FeatureExtractor(subject, pool: pool, precision: precision).sliceSize
  let meter = ProgressMeter("features of \(subject.name)", total: images.count, unit: "images")
  try AtomicFile.write(to: path) { writer in
    try writer.write(numPyHeader(shape))
    for start in stride(from: 0, to: images.count, by: slice * pool.threads * 4) {
      let end = min(images.count, start + slice * pool.threads * 4)
      let chunk = try run.features(start..<end, slice: slice) { meter.advance(by: $0) }
      try writer.write(UnsafeRawBufferPointer(start: chunk.data, count: chunk.count * 4))
    }
  }
  meter.finish()
  return shape
}

/// The encoder over parts of the images.
private struct FeatureRun {
  let encoder: any Encoder
  let feature: ResolvedFeature
  let images: FeatureImages
  let side: Int
  let source: String
  let workers: DataParallel

  /// Features of the images of a range, float32 `[images, tokens × width]`.
  func features(
    _ range: Range<Int>, slice: Int, advance: @escaping @Sendable (Int) -> Void
  ) throws -> Tensor {
    let width = feature.tokens * feature.width
    let out = Tensor([range.count, width])
    let (encoder, feature, images, side) = (encoder, feature, images, side)
    try workers.forEachSlice(of: range.count, slice: slice) { graph, part in
      let batch = try graph.constant([part.count, 3, side, side]) { data in
        for (row, index) in part.enumerated() {
          try images.render(range.lowerBound + index, data + row * 3 * side * side)
        }
      }
      let tokens = encoder.tokens(of: batch, in: graph, layer: feature.request.layer)
      let target = out.data + part.lowerBound * width
      switch feature.request.kind {
      case .mean:
        let mean = graph.mean(tokens, tokens: encoder.prefixTokens..<encoder.tokenCount)
        target.update(from: mean.data, count: part.count * width)
      case .tokens: target.update(from: tokens.data, count: part.count * width)
      case .classToken, .pixels:
        for row in 0..<part.count {
          (target + row * width).update(
            from: tokens.data + row * encoder.tokenCount * width, count: width)
        }
      }
      advance(part.count)
    }
    let isFinite = (0..<out.count).allSatisfy { out.data[$0].isFinite }
    guard isFinite else {
      throw InputError(
        source, "the encoder gives features that are not finite numbers",
        "its weights are unusable, or were trained for other inputs")
    }
    return out
  }
}

/// The beginning of a `.npy` file (version 1.0) of 32-bit floats, padded to a multiple of 64 bytes.
private func numPyHeader(_ shape: [Int]) -> Data {
  let extents = shape.map { String($0) }.joined(separator: ", ")
  var text = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(extents)), }"
  text += String(repeating: " ", count: 63 - (text.utf8.count + 10) % 64) + "\n"
  let length = text.utf8.count
  return Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)])
    + Data(text.utf8)
}
