import Support
import Tensors

/// How unlikely the scores of classes make the right one, on average over the batch.
///
/// Liang et al. 2022, "SupMAE" (scores divided by a temperature of 10); smoothing as Szegedy et al. 2016.
struct CrossEntropyLoss: PairLoss {
  static let kind = "cross_entropy"
  static let summary = "how unlikely the right class is made (SupMAE, supervised)"

  private let temperature: Double
  private let smoothing: Double

  init(_ fields: Fields) throws {
    temperature = try fields.take("temperature", default: 1.0, in: 1e-3...1e3, "divides scores")
    smoothing = try fields.take(
      "smoothing", default: 0.0, in: 0...0.99, "share of the target spread over all classes")
  }

  func check(_ shape: PredictionShape, _ fields: Fields, _ context: PartContext) throws {
    guard case .classes = shape else {
      throw fields.error(
        at: "kind", "cross_entropy compares classes, not \(shape.words)",
        "use target: {kind: label}")
    }
  }

  func value(
    _ prediction: Node, target: Node, of slice: PretrainingSlice, weight: Double, in graph: Graph
  ) -> Double {
    let scores =
      temperature == 1 ? prediction : graph.scaled(prediction, by: 1 / Float(temperature))
    return graph.crossEntropy(
      scores, labels: target.array.map { Int32($0) }, smoothing: Float(smoothing),
      weight: Float(weight / Double(slice.totals.views)))
  }
}
