import Encoders
import Results
import Support
import Synchronization
import Tensors
import Training
import Vision

/// A linear segmentation head: batch norm without gain and bias, then a 1×1 convolution, on frozen patch tokens.
///
/// DINOv2's (Oquab et al. 2023). Its logits are resized bilinearly to each label map's own size
/// (`align_corners` false), where the loss, the cross entropy averaged over labelled pixels, is taken. Always in
/// fp32; the result is the same for any number of workers.
package final class SegmentationHead: Sendable {
  /// How a head is trained, by AdamW with a warm-up and half a cosine.
  package struct Training: Sendable {
    /// The rate at the end of the warm-up; it does not grow with the batch.
    package var learningRate: Double
    package var decay: Double
    package var schedule: ProbeSchedule
    /// Fixes the order of images.
    package var seed: UInt64

    /// A way to train.
    package init(learningRate: Double, decay: Double, schedule: ProbeSchedule, seed: UInt64) {
      self.learningRate = learningRate
      self.decay = decay
      self.schedule = schedule
      self.seed = seed
    }
  }

  /// Images that pass together when nothing is learned.
  private static let slice = 8

  /// Places of a map, and tokens before the first of them.
  private let grid: (rows: Int, columns: Int)
  private let prefix: Int
  private let pool: WorkerPool
  /// The learned tensors: `head.weight` `[classes, width]`, `head.bias` `[classes]`.
  package let store: ParameterStore
  private let weight: Parameter
  private let bias: Parameter
  private let statistics: RunningStatistics

  /// A fresh head: weights truncated normal(0.01), biases 0.
  ///
  /// - Parameters:
  ///   - grid: places of a map, by rows and columns.
  ///   - prefix: tokens of an image before the first place.
  ///   - width: features of a token.
  ///   - classes: number of classes.
  ///   - seed: fixes the initial weights.
  ///   - pool: shares out the work.
  package init(
    grid: (rows: Int, columns: Int), prefix: Int, width: Int, classes: Int, seed: UInt64,
    pool: WorkerPool
  ) {
    self.grid = grid
    self.prefix = prefix
    self.pool = pool
    store = ParameterStore()
    weight = store.add("head.weight", [classes, width])
    bias = store.add("head.bias", [classes])
    statistics = RunningStatistics(store, "norm", width)
    Initialization.truncatedNormal(0.01).fill(weight, seed: seed)
    statistics.reset()
  }

  /// Number of learned scalars.
  package var parameterCount: Int { store.parameterCount }

  /// Learns from images.
  ///
  /// - Parameters:
  ///   - tokens: all tokens of the images.
  ///   - maps: the label map of each image; ids below the number of classes, or `Annotation.ignored`.
  ///   - images: those to learn from.
  ///   - training: how.
  ///   - advance: called after each step with its number of images.
  /// - Returns: the loss of each step.
  /// - Throws: nothing but what workers throw.
  @discardableResult
  package func train(
    _ tokens: FeatureSet, _ maps: [LabelMap], images: [Int32], _ training: Training,
    advance: (Int) -> Void = { _ in }
  ) throws -> [Double] {
    let schedule = training.schedule
    let batchSize = schedule.effectiveBatch(images.count)
    let loop = TrainingLoop(
      SegmentationObjective(
        head: self, tokens: tokens, maps: maps, images: images, decay: training.decay),
      settings: TrainingSettings(
        epochs: schedule.epochs, batchSize: batchSize, seed: training.seed,
        lanes: DataParallel.usualLanes(batch: batchSize), precision: .fp32,
        optimizer: .adamW(beta1: 0.9, beta2: 0.999, epsilon: 1e-8),
        learningRate: schedule.rates(peak: training.learningRate, count: images.count)),
      examples: images.count, pool: pool)
    var losses: [Double] = []
    try loop.run("the segmentation head") { step in
      losses.append(step.loss)
      advance(batchSize)
    }
    return losses
  }

  /// The cross entropy of the labelled pixels of images, each of the given weight.
  fileprivate func loss(
    of images: [Int32], _ tokens: FeatureSet, _ maps: [LabelMap], weight: Float, in graph: Graph
  ) -> Double {
    let logits = logits(of: images, tokens, in: graph)
    return images.enumerated().reduce(0) { loss, image in
      let map = maps[Int(image.element)]
      let pixels = map.labelledPixels
      guard !pixels.isEmpty else { return loss }
      let wide = resized(logits, image: image.offset, to: map, in: graph)
      let chosen = pixels.count == map.labels.count ? wide : graph.gathered(wide, at: pixels)
      return loss
        + graph.crossEntropy(
          chosen.reshaped([pixels.count, chosen.columns]),
          labels: pixels.map { Int32(map.labels[Int($0)]) }, weight: weight)
    }
  }

  /// The logits of images at the places of their maps: `[1, images × places, classes]`.
  private func logits(of images: [Int32], _ tokens: FeatureSet, in graph: Graph) -> Node {
    let (places, width) = (grid.rows * grid.columns, tokens.width)
    let input = unsafe graph.constant([1, images.count * places, width]) { data in
      for (row, image) in images.enumerated() {
        unsafe tokens.copyTokens(of: Int(image), from: prefix, to: data + row * places * width)
      }
    }
    let normal = graph.batchNorm(
      input, gain: nil, bias: nil, statistics: statistics, epsilon: 1e-5)
    return graph.linear(normal, weight: weight, bias: bias, output: .float32)
  }

  /// The logits of one image of several, at every pixel of its label map: `[1, pixels, classes]`.
  private func resized(_ logits: Node, image: Int, to map: LabelMap, in graph: Graph) -> Node {
    let (places, classes) = (grid.rows * grid.columns, logits.columns)
    let own = (image * places..<(image + 1) * places).map(Int32.init)
    let small = graph.gathered(logits, at: own)
      .reshaped([1, grid.rows, grid.columns, classes])
    return graph.resized(small, height: map.height, width: map.width)
      .reshaped([1, map.height * map.width, classes])
  }

  /// Classifies every labelled pixel of images; of equal logits the lowest class wins.
  ///
  /// - Parameters:
  ///   - tokens: all tokens of the images.
  ///   - maps: the label map of each image.
  ///   - images: which.
  /// - Returns: the counts of each of `images`.
  /// - Throws: nothing but what workers throw.
  package func counts(_ tokens: FeatureSet, _ maps: [LabelMap], images: [Int32]) throws
    -> [SegmentationCounts]
  {
    let counts = Mutex([SegmentationCounts?](repeating: nil, count: images.count))
    store.holdWeights()
    defer { store.releaseWeights() }
    let workers = DataParallel(pool: pool, precision: .fp32)
    try workers.forEachSlice(of: images.count, slice: Self.slice) { [self] graph, range in
      let logits = logits(of: Array(images[range]), tokens, in: graph)
      for (place, image) in range.enumerated() {
        let map = maps[Int(images[image])]
        let own = count(resized(logits, image: place, to: map, in: graph), map)
        counts.withLock { $0[image] = own }
      }
    }
    return counts.withLock { $0.compactMap(\.self) }
  }

  private func count(_ logits: Node, _ map: LabelMap) -> SegmentationCounts {
    let classes = logits.columns
    var counts = SegmentationCounts(classes: classes)
    for pixel in map.labelledPixels {
      let row = unsafe UnsafeBufferPointer(
        start: logits.data + Int(pixel) * classes, count: classes)
      unsafe counts.add(label: Int(map.labels[Int(pixel)]), prediction: bestClass(row))
    }
    return counts
  }
}

/// A segmentation head as the training loop trains it.
private struct SegmentationObjective: Objective {
  let head: SegmentationHead
  let tokens: FeatureSet
  let maps: [LabelMap]
  /// Those to learn from.
  let images: [Int32]
  let decay: Double

  var networks: [TrainedNetwork] {
    let decay = decay
    return [TrainedNetwork("head", head.store, .trained { ParameterRule.usual(decay: decay)($0) })]
  }
  /// Batch norm wants a lane whole.
  var sliceSize: Int { images.count }

  /// The weight of a labelled pixel of the batch.
  func plan(_ batch: TrainingBatch) -> Float {
    let labelled = batch.samples.reduce(0) { $0 + maps[Int(images[$1])].labelledPixels.count }
    return 1 / Float(max(1, labelled))
  }

  func terms(of range: Range<Int>, in batch: TrainingBatch, _ weight: Float, _ graph: Graph)
    -> Terms
  {
    let some = batch.samples[range].map { images[$0] }
    return Terms(loss: head.loss(of: some, tokens, maps, weight: weight, in: graph))
  }
}

extension LabelMap {
  /// The pixels that have a class, in raster order.
  fileprivate var labelledPixels: [Int32] {
    labels.indices.lazy.filter { labels[$0] != Annotation.ignored }.map { Int32($0) }
  }
}
