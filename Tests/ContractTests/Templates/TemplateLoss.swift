import Support
import Tensors

@testable import Pretraining

/// The … of predictions and targets, over the whole batch (say where it was published: paper, equation).
struct TemplateLoss: PairLoss {
  static let kind = "template"
  static let summary = "mean squared distance, as a start"

  init(_ fields: Fields) throws {}

  func check(_ shape: PredictionShape, _ fields: Fields, _ context: PartContext) throws {}

  func value(
    _ prediction: Node, target: Node, of slice: PretrainingSlice, weight: Double, in graph: Graph
  ) -> Double {
    // The mean is over the batch, of which this slice is a part: the totals are the batch's.
    let rows = prediction.shape.count == 2 ? slice.totals.hidden : slice.totals.views
    guard rows > 0, prediction.count > 0 else { return 0 }
    let values = rows * (prediction.count / prediction.shape[0])
    return unsafe graph.regressionLoss(
      prediction, target: target.data, distance: .squared, weight: Float(weight / Double(values)))
  }
}
