import Support
import Tensors

/// Each view must find its partner among all other views of the batch.
///
/// Chen et al. 2020, "SimCLR" (NT-Xent), official code: unit vectors, cosine similarities over a temperature, the mean
/// over images of the sum of both directions, which is twice the paper's average over views.
struct ContrastiveLoss: BatchLoss {
  static let kind = "contrastive"
  static let summary = "each view finds its partner among the batch (SimCLR)"

  private let temperature: Double

  init(_ fields: Fields) throws {
    temperature = try fields.take(
      "temperature", default: 0.5, in: 1e-3...100, "divides similarities")
  }

  func value(of anchors: Range<Int>, among views: [Node], weight: Double, in graph: Graph)
    -> Double
  {
    precondition(views.count == 2, "a pair of views")
    let (images, width) = (views[0].rows, views[0].columns)
    // The two views of an image are neighbours: the partner of row r is r with its last bit changed.
    let rows = graph.normalized(
      graph.concatenated(views).reshaped([images * 2, width]))
    let own = (anchors.lowerBound * 2..<anchors.upperBound * 2).map { Int32($0) }
    let queries = graph.gathered(rows.reshaped([1, images * 2, width]), at: own)
    let logits = graph.similarities(
      queries.reshaped([own.count, width]), rows, scale: Float(1 / temperature), excluded: own)
    return graph.crossEntropy(
      logits, labels: own.map { $0 ^ 1 }, weight: Float(weight / Double(images)))
  }
}
