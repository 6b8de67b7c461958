import Support
import Tensors

/// The mean distance of each predicted value from its target, over the whole batch.
///
/// Squared (He et al. 2022), absolute (Xie et al. 2022, SimMIM) or smooth (Girshick 2015; data2vec with β = 2).
struct RegressionLoss: PairLoss {
  static let kind = "regression"
  static let summary = "mean squared, absolute or smooth distance (MAE, SimMIM, data2vec)"

  private let distance: RegressionDistance

  init(_ fields: Fields) throws {
    let name = try fields.takeChoice(
      "distance", of: ["squared", "absolute", "smooth"], default: "squared", "of two values")
    switch name {
    case "absolute": distance = .absolute
    case "smooth":
      distance = .smooth(
        beta: Float(
          try fields.take("beta", default: 1.0, in: 1e-6...1e6, "where squared becomes absolute")))
    default: distance = .squared
    }
  }

  /// The mean squared error.
  init() { distance = .squared }

  func check(_ shape: PredictionShape, _ fields: Fields, _ context: PartContext) throws {
    if case .classes = shape {
      throw fields.error(
        at: "kind", "regression measures distances, and classes have none",
        "use loss: {kind: cross_entropy}")
    }
  }

  func value(
    _ prediction: Node, target: Node, of slice: PretrainingSlice, weight: Double, in graph: Graph
  ) -> Double {
    // Rows of hidden patches are counted over the batch; an image a view is whole.
    let rows = prediction.shape.count == 2 ? slice.totals.hidden : slice.totals.views
    guard rows > 0, prediction.count > 0 else { return 0 }
    let values = rows * (prediction.count / prediction.shape[0])
    return unsafe graph.regressionLoss(
      prediction, target: target.data, distance: distance,
      weight: weight == 1 ? 1 / Float(values) : Float(weight / Double(values)))
  }
}
