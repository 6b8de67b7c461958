import Foundation
import Tensors

/// The weighted vote of nearest neighbours, as in DINO's k-NN evaluation.
package struct NeighborVote: Sendable {
  private let neighbors: Neighbors
  private let labels: [Int]
  private let classes: Int

  /// Prepares to vote.
  ///
  /// - Parameters:
  ///   - neighbors: the neighbours of each query.
  ///   - labels: the classes of the references.
  ///   - classes: number of classes.
  package init(neighbors: Neighbors, labels: [Int], classes: Int) {
    self.neighbors = neighbors
    self.labels = labels
    self.classes = classes
  }

  /// `score[c] = Σ exp(similarity / temperature)` over the nearest neighbours of class `c`.
  ///
  /// - Parameters:
  ///   - count: how many neighbours vote; at most those that were searched.
  ///   - temperature: above zero.
  /// - Returns: `[queries, classes]`, summed from the nearest on; not divided by anything. At
  ///   temperature 0.07 no score overflows: `exp(1 / 0.07)` is 1.6 · 10⁶.
  package func scores(neighbors count: Int, temperature: Double) -> [Float] {
    precondition(count <= neighbors.perQuery, "\(count) of \(neighbors.perQuery) neighbours vote")
    let perQuery = neighbors.perQuery
    let queries = neighbors.indices.count / max(perQuery, 1)
    var scores = [Float](repeating: 0, count: queries * classes)
    var votes = [Double](repeating: 0, count: classes)
    neighbors.indices.withUnsafeBufferPointer { indices in
      neighbors.similarities.withUnsafeBufferPointer { similarities in
        for query in 0..<queries {
          for c in 0..<classes { votes[c] = 0 }
          for place in query * perQuery..<query * perQuery + count {
            votes[labels[Int(indices[place])]] += exp(Double(similarities[place]) / temperature)
          }
          for c in 0..<classes { scores[query * classes + c] = Float(votes[c]) }
        }
      }
    }
    return scores
  }
}
