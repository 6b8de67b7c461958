import CKernels
import Foundation
import Support
import Tensors
import Vision

/// Writes features to a NumPy file, for use outside.
package struct FeatureExport {
  private let subject: EvaluationSubject
  private let feature: ResolvedFeature
  private let extractor: FeatureExtractor

  /// Prepares to export.
  ///
  /// - Parameters:
  ///   - subject: whose features.
  ///   - request: which.
  ///   - pool: shares out the work.
  ///   - precision: what matrix products read.
  /// - Throws: `InputError` when the subject does not have the features.
  package init(
    _ subject: EvaluationSubject, _ request: FeatureRequest, pool: WorkerPool,
    precision: Precision
  ) throws {
    self.subject = subject
    feature = try subject.resolve(request)
    extractor = FeatureExtractor(subject, pool: pool, precision: precision)
  }

  /// Features of the images of a split, in its order.
  ///
  /// - Parameters:
  ///   - split: the images.
  ///   - path: the file: float32 `[images, width]`, or `[images, tokens, width]` for tokens.
  /// - Throws: `InputError` when an image or the file's place is unusable.
  package func write(_ split: any ImageSplit, to path: String) throws {
    try write(split.count, to: path) { start in extractor.rendering(split, from: start) }
  }

  /// Features of images that are preprocessed already.
  ///
  /// - Parameters:
  ///   - images: float32 `[images, 3, side, side]`.
  ///   - path: the file, as for a split.
  /// - Throws: `InputError` when the images have another size than the encoder's input.
  package func write(_ images: NumPyFloats, to path: String) throws {
    let side = subject.preprocessing.side
    guard images.shape.count == 4, Array(images.shape.dropFirst()) == [3, side, side] else {
      throw InputError(
        images.path,
        "is \(images.shape), \(subject.encoderName) needs [images, 3, \(side), \(side)]",
        "preprocess the images to that size")
    }
    let extent = 3 * side * side
    try write(images.shape[0], to: path) { start in
      { index, target in images.copy((start + index) * extent, count: extent, to: target) }
    }
  }

  private func write(
    _ count: Int, to path: String, rendering: (Int) -> FeatureExtractor.Rendering
  ) throws {
    let meter = ProgressMeter("features of \(subject.name)", total: count, unit: "images")
    defer { meter.finish() }
    let chunk = max(1, min(extractor.chunkSize([feature]), count))
    // In full precision, whatever the cache would store.
    let buffers = FeatureBuffers([feature.exact], capacity: chunk)
    let shape =
      feature.request.kind == .tokens
      ? [count, feature.tokens, feature.width] : [count, feature.width]
    try AtomicFile.write(to: path) { file in
      try file.write(NumPyFloats.header(shape: shape))
      for start in stride(from: 0, to: count, by: chunk) {
        let images = min(chunk, count - start)
        try extractor.encode(
          images, into: buffers, advance: { meter.advance(by: $0) }, render: rendering(start))
        try file.write(buffers.bytes(0, count: images))
      }
    }
  }
}
