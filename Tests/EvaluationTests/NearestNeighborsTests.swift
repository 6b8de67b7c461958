import Evaluation
import Support
import Tensors
import TestSupport
import Testing

@Suite("Nearest neighbours")
struct NearestNeighborsTests {
  /// Cosine similarities in double precision.
  private func similarities(_ queries: Tensor, _ items: Tensor) -> [[Double]] {
    let width = queries.shape[1]
    func row(_ t: Tensor, _ i: Int) -> [Double] {
      (0..<width).map { Double(t.data[i * width + $0]) }
    }
    func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    let references = (0..<items.shape[0]).map { row(items, $0) }
    return (0..<queries.shape[0]).map { query in
      let q = row(queries, query)
      return references.map { r in dot(q, r) / (dot(q, q) * dot(r, r)).squareRoot() }
    }
  }

  /// Sizes below, at and above the blocks of 256 queries and 1,024 items.
  @Test(arguments: [(1, 1, 1), (5, 40, 40), (256, 1024, 20), (300, 2300, 200)])
  func agreesWithSortingEverything(queries: Int, items: Int, perQuery: Int) {
    let (q, r) = (randomTensor([queries, 24], seed: 1), randomTensor([items, 24], seed: 2))
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let found = NeighborSearch(r.data, count: items, width: 24, pool: pool)
      .neighbors(of: q.data, queries, perQuery: perQuery)
    let exact = similarities(q, r)
    for query in 0..<queries {
      let start = query * perQuery
      let indices = found.indices[start..<start + perQuery].map { Int($0) }
      let best = exact[query].sorted(by: >).prefix(perQuery)
      #expect(Set(indices).count == perQuery)
      // Rounding may exchange neighbours that are this near to each other.
      for (place, value) in zip(indices, best) {
        #expect(abs(exact[query][place] - value) < 1e-6)
      }
      for (place, value) in zip(start..<start + perQuery, best) {
        #expect(abs(Double(found.similarities[place]) - value) < 1e-6)
      }
    }
  }

  @Test("Of equal similarities the lower index is nearer, and zeros are similar to nothing")
  func ties() {
    let items = Tensor([40, 2], (0..<40).flatMap { $0 % 2 == 0 ? [Float(1), 0] : [0, 0] })
    let query = Tensor([2, 2], [2, 0, 0, 0])
    let pool = WorkerPool(threads: 1)
    let found = NeighborSearch(items.data, count: 40, width: 2, pool: pool)
      .neighbors(of: query.data, 2, perQuery: 22)
    #expect(found.indices[..<22].map { Int($0) } == (0..<20).map { 2 * $0 } + [1, 3])
    #expect(found.similarities[..<20].allSatisfy { $0 == 1 })
    #expect(found.similarities[20...].allSatisfy { $0 == 0 })
    #expect(found.indices[22...].map { Int($0) } == Array(0..<22))
  }

  @Test("Neighbours and votes are those of scikit-learn")
  func golden() throws {
    let golden = try Golden("knn")
    let (items, queries) = (golden.tensor("items", in: "knn"), golden.tensor("queries", in: "knn"))
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let found = NeighborSearch(items.data, count: 300, width: 24, pool: pool)
      .neighbors(of: queries.data, 50, perQuery: 40)
    #expect(
      found.indices.map { Float($0) } == golden.tensor("neighbours", in: "knn").array)
    let vote = NeighborVote(
      neighbors: found, labels: golden.tensor("item_labels", in: "knn").array.map { Int($0) },
      classes: 7)
    for count in [5, 20, 40] {
      let scores = vote.scores(neighbors: count, temperature: 0.07)
      // A similarity has an error of about 1e-7, which the vote multiplies by 1 / 0.07.
      let expected = golden.tensor("scores_\(count)", in: "knn")
      #expect(largestRelativeDifference(Tensor([50, 7], scores), from: expected) < 1e-5)
    }
  }
}
