import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import Vision

/// Images on their way into an encoder, from a data set or already preprocessed.
@safe package struct FeatureImages: Sendable {
  /// How many there are.
  package let count: Int
  /// Writes image `index` as `[channels, side, side]`.
  let render: FeatureExtractor.Rendering

  /// The images of a split, with the transform of evaluation.
  package init(_ split: any ImageSplit, preprocessing: Preprocessing, channels: Int = 3) {
    count = split.count
    unsafe render = { index, target in
      let image = try split.image(at: index)
      unsafe image.render(channels: channels, side: preprocessing.side, into: target) {
        unsafe preprocessing.render($0, into: $1)
      }
    }
  }

  /// Images that are preprocessed already.
  /// - Parameters:
  ///   - tensor: float32 `[images, channels, side, side]`.
  ///   - side: what the encoder takes.
  ///   - channels: what it reads.
  ///   - source: where they come from, for messages.
  /// - Throws: `InputError` when the shape does not fit the encoder, or a value is not finite.
  package init(_ tensor: Tensor, side: Int, channels: Int = 3, source: String) throws {
    guard tensor.shape.count == 4, tensor.shape[1...] == [channels, side, side] else {
      throw InputError(
        source,
        "has shape \(tensor.shape), the encoder takes [images, \(channels), \(side), \(side)]",
        "preprocess the images to that size, or set checkpoint.side")
    }
    count = tensor.shape[0]
    let length = channels * side * side
    if let bad = (0..<tensor.count).first(where: { unsafe !tensor.data[$0].isFinite }) {
      throw InputError(
        source, "image \(bad / length) holds NaN or infinity", "preprocess the images again")
    }
    unsafe render = { index, target in
      unsafe target.update(from: tensor.data + index * length, count: length)
    }
  }
}

/// Writes features as a NumPy array, a chunk of images after the other.
///
/// - Parameters:
///   - request: which; tokens give float32 `[images, tokens, width]`, the classifier
///     `[images, classes]` scores before any softmax, others `[images, width]`.
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
  guard subject.encoder != nil else {
    throw InputError(subject.source, "has no encoder, so no features", "give a checkpoint")
  }
  let feature = try subject.resolve(request).exact
  let head = request.kind == .classifier ? try subject.ownHead : nil
  let rows = feature.request.kind == .tokens ? [feature.tokens] : []
  let row = head.map { [$0.classes] } ?? rows + [feature.width]
  let extractor = FeatureExtractor(subject, pool: pool, precision: precision)
  let chunk = min(images.count, extractor.sliceSize * pool.threads * 4)
  let buffers = FeatureBuffers([feature], capacity: chunk)
  let meter = ProgressMeter("features of \(subject.name)", total: images.count, unit: "images")
  try AtomicFile.write(to: path) { writer in
    try writer.write(NumPyHeader.data(descriptor: "'<f4'", shape: [images.count] + row))
    for start in stride(from: 0, to: images.count, by: max(chunk, 1)) {
      let count = min(chunk, images.count - start)
      try unsafe extractor.encode(count, into: buffers, advance: { meter.advance(by: $0) }) {
        try unsafe images.render(start + $0, $1)
      }
      if let head {
        let scores = unsafe head.scores(buffers.floats(0), images: count)
        try withExtendedLifetime(scores) {
          try unsafe writer.write(
            UnsafeRawBufferPointer(start: scores.data, count: scores.count * 4))
        }
      } else {
        try unsafe writer.write(buffers.bytes(0, count: count))
      }
    }
    try MappedFile.checkAllUnchanged()
  }
  meter.finish()
  return [images.count] + row
}
