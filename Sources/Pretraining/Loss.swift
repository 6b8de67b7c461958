import Support
import Tensors

/// A distance between predictions and targets, or between predictions; every file of `Losses` is one.
package protocol Loss: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for people.
  static var summary: String { get }

  /// Reads the settings.
  init(_ fields: Fields) throws
}

/// A loss that compares each prediction with its target.
protocol PairLoss: Loss {
  /// Refuses predictions that it does not compare.
  /// - Throws: `InputError` saying why.
  func check(_ shape: PredictionShape, _ fields: Fields, _ context: PartContext) throws

  /// The slice's share of the loss of the whole batch.
  ///
  /// - Parameters:
  ///   - prediction: float32.
  ///   - target: of the same shape.
  ///   - slice: what they are of.
  ///   - weight: of this term.
  ///   - graph: the computation.
  /// - Returns: the share.
  func value(
    _ prediction: Node, target: Node, of slice: PretrainingSlice, weight: Double, in graph: Graph
  ) -> Double
}

/// A loss that compares the views of all images of a batch with each other.
protocol BatchLoss: Loss {
  /// The anchors' share of the loss of the whole batch.
  ///
  /// - Parameters:
  ///   - anchors: some images of the batch.
  ///   - views: the rows of all images, one node a view: float32 `[batch, width]`.
  ///   - weight: of this term.
  ///   - graph: the computation.
  /// - Returns: the share.
  func value(of anchors: Range<Int>, among views: [Node], weight: Double, in graph: Graph)
    -> Double
}
