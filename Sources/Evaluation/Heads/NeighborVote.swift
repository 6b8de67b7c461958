import Foundation
import Results
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

  /// How many queries there are.
  package var queryCount: Int { neighbors.indices.count / max(neighbors.perQuery, 1) }

  /// The answers to all queries.
  ///
  /// - Parameters:
  ///   - labels: the true classes of the queries.
  ///   - count: how many neighbours vote.
  ///   - temperature: above zero.
  /// - Returns: the best class of each query, and whether the true one is among the best five.
  func answers(to labels: [Int], neighbors count: Int, temperature: Double) -> ClassAnswers {
    var answers = ClassAnswers(classes: classes)
    let size = max(1, (1 << 22) / max(1, classes))
    for start in stride(from: 0, to: queryCount, by: size) {
      let part = start..<min(start + size, queryCount)
      unsafe scores(neighbors: count, temperature: temperature, of: part).withUnsafeBufferPointer {
        unsafe answers.add(scores: $0, labels: Array(labels[part]))
      }
    }
    return answers
  }

  /// `score[c] = Σ exp(similarity / temperature)` over the nearest neighbours of class `c`.
  ///
  /// - Parameters:
  ///   - count: how many neighbours vote; at most those that were searched.
  ///   - temperature: above zero.
  ///   - part: of which queries; all when nil.
  /// - Returns: `[queries, classes]`, summed from the nearest on; not divided by anything. At
  ///   temperature 0.07 no score overflows: `exp(1 / 0.07)` is 1.6 · 10⁶.
  package func scores(neighbors count: Int, temperature: Double, of part: Range<Int>? = nil)
    -> [Float]
  {
    precondition(count <= neighbors.perQuery, "\(count) of \(neighbors.perQuery) neighbours vote")
    let perQuery = neighbors.perQuery
    let queries = part ?? 0..<queryCount
    var scores = [Float](repeating: 0, count: queries.count * classes)
    var votes = [Double](repeating: 0, count: classes)
    unsafe neighbors.indices.withUnsafeBufferPointer { indices in
      unsafe neighbors.similarities.withUnsafeBufferPointer { similarities in
        for (row, query) in queries.enumerated() {
          for c in 0..<classes { votes[c] = 0 }
          for place in query * perQuery..<query * perQuery + count {
            unsafe votes[labels[Int(indices[place])]] += exp(
              Double(similarities[place]) / temperature)
          }
          for c in 0..<classes { scores[row * classes + c] = Float(votes[c]) }
        }
      }
    }
    return scores
  }
}
