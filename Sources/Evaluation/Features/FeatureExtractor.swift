import Encoders
import Foundation
import Support
import Tensors
import Vision

/// Runs a subject's encoder over images, in slices whose activations fit the cache.
package struct FeatureExtractor: Sendable {
  /// Writes image `index` of a chunk as the encoder's input, `[channels, side, side]`.
  package typealias Rendering = @Sendable (Int, UnsafeMutablePointer<Float>) throws -> Void

  private let subject: EvaluationSubject
  private let workers: DataParallel

  /// Prepares to run `subject`'s encoder on all workers of `pool`.
  package init(_ subject: EvaluationSubject, pool: WorkerPool, precision: Precision) {
    self.subject = subject
    workers = DataParallel(pool: pool, precision: precision)
  }

  /// How many images pass through the encoder together: their widest activations take about 3 MB.
  package var sliceSize: Int {
    guard let encoder = subject.encoder else { return 64 }
    let bytes = encoder.tokenCount * 4 * encoder.width * MemoryLayout<Float>.stride
    return min(32, max(2, 3_300_000 / max(bytes, 1)))
  }

  /// Images that are computed before their features are written: enough to keep all workers busy.
  package func chunkSize(_ features: [ResolvedFeature]) -> Int {
    let bytes = features.reduce(1) { $0 + $1.bytesPerImage }
    let slices = max(4 * workers.pool.threads, min(64, (64 << 20) / (bytes * sliceSize)))
    return slices * sliceSize
  }

  /// Computes features of `count` images into `buffers`, of whatever layers, in one pass.
  ///
  /// - Parameters:
  ///   - count: number of images.
  ///   - buffers: row `i` receives image `i`.
  ///   - advance: called with the number of images that one worker has finished.
  ///   - render: writes an image; called on any worker.
  /// - Throws: the error of the first image that cannot be rendered; `InputError` when a feature
  ///   is not a finite number.
  package func encode(
    _ count: Int, into buffers: FeatureBuffers, advance: @escaping @Sendable (Int) -> Void,
    render: @escaping Rendering
  ) throws {
    precondition(count <= buffers.capacity, "\(count) images for room of \(buffers.capacity)")
    try workers.precision.check()
    let (side, channels) = (subject.preprocessing.side, subject.channels)
    subject.encoder?.parameters.holdWeights()
    defer { subject.encoder?.parameters.releaseWeights() }
    try workers.forEachSlice(of: count, slice: sliceSize) { graph, range in
      let images = try unsafe graph.constant([range.count, channels, side, side]) { data in
        for (row, index) in range.enumerated() {
          try unsafe render(index, data + row * channels * side * side)
        }
      }
      if let encoder = subject.encoder {
        write(encoder, images, in: graph, range, to: buffers)
      } else {
        writePixels(images, in: graph, range, to: buffers)
      }
      advance(range.count)
    }
    guard buffers.areFinite(count: count) else {
      throw InputError(
        subject.source, "the encoder gives features that are not finite numbers",
        "its weights are unusable, or were trained for other inputs")
    }
  }

  /// The transform of evaluation, applied to images of a split.
  ///
  /// - Parameters:
  ///   - split: the images.
  ///   - start: the image of the split that is image 0 of the chunk.
  /// - Returns: what writes an image.
  package func rendering(_ split: any ImageSplit, from start: Int = 0) -> Rendering {
    let (preprocessing, channels) = (subject.preprocessing, subject.channels)
    return { index, target in
      let image = try split.image(at: start + index)
      unsafe image.render(channels: channels, side: preprocessing.side, into: target) {
        unsafe preprocessing.render($0, into: $1)
      }
    }
  }

  private func write(
    _ encoder: any Encoder, _ images: Node, in graph: Graph, _ range: Range<Int>,
    to buffers: FeatureBuffers
  ) {
    let taps = Set(buffers.features.map { $0.request.layer })
    let output = encoder.encode(EncoderInput(images, taps: Array(taps)), in: graph)
    let sequences = Dictionary(
      zip(taps, output.features.map { $0.sequence }), uniquingKeysWith: { first, _ in first })
    for (index, feature) in buffers.features.enumerated() {
      guard let tokens = sequences[feature.request.layer] else { continue }
      let (count, width) = (tokens.shape[1], tokens.shape[2])
      switch feature.request.kind {
      case .tokens where feature.isExact:
        unsafe (buffers.floats(index) + range.lowerBound * count * width).update(
          from: tokens.data, count: range.count * count * width)
      case .tokens:
        unsafe convertToHalf(
          tokens.data, into: buffers.halves(index) + range.lowerBound * count * width,
          count: range.count * count * width)
      default:
        unsafe encoder.write(
          feature, of: tokens, in: graph,
          to: buffers.floats(index) + range.lowerBound * feature.width)
      }
    }
  }

  private func writePixels(
    _ images: Node, in graph: Graph, _ range: Range<Int>, to buffers: FeatureBuffers
  ) {
    let side = subject.preprocessing.side
    let extent = 3 * side * side
    for (index, feature) in buffers.features.enumerated() {
      guard feature.request.kind == .tokens else {
        unsafe (buffers.floats(index) + range.lowerBound * extent).update(
          from: images.data, count: range.count * extent)
        continue
      }
      let patches = graph.patches(
        images, patch: EvaluationSubject.pixelPatch, output: .float32)
      let (place, count) = (range.lowerBound * extent, range.count * extent)
      if feature.isExact {
        unsafe (buffers.floats(index) + place).update(from: patches.data, count: count)
      } else {
        unsafe convertToHalf(patches.data, into: buffers.halves(index) + place, count: count)
      }
    }
  }
}
