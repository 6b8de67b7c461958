import CKernels
import Foundation
import Support

/// The nearest references of each query, nearest first.
package struct Neighbors: Sendable {
  /// How many neighbours each query has.
  package let perQuery: Int
  /// Which references they are, `[queries, perQuery]`.
  package let indices: [Int32]
  /// Their cosine similarities, `[queries, perQuery]`.
  package let similarities: [Float]
}

/// Exact nearest neighbours by cosine similarity.
///
/// Blocks of the product of queries and references are searched as soon as they are computed,
/// while they are in the cache; the whole matrix never exists. Neither side is copied or
/// normalised beforehand: dot products are divided by the norms. A row of zeros has similarity 0
/// to everything. Of equally near references the lower index is nearer.
package struct NeighborSearch: @unchecked Sendable {
  /// Rows of the queries that are multiplied at a time.
  static let queryBlock = 256
  /// Rows of the references that are multiplied at a time.
  static let referenceBlock = 1024

  private let references: UnsafePointer<Float>
  private let count: Int
  private let width: Int
  private let inverseNorms: Tensor
  private let pool: WorkerPool
  private let workspaces: [Workspace]

  /// Prepares to search.
  ///
  /// - Parameters:
  ///   - references: `[count, width]`; must stay valid.
  ///   - count: number of references; fewer than 2³¹.
  ///   - width: features of a row.
  ///   - pool: shares out the work.
  package init(
    _ references: UnsafePointer<Float>, count: Int, width: Int, pool: WorkerPool
  ) {
    self.references = references
    self.count = count
    self.width = width
    self.pool = pool
    workspaces = (0..<pool.threads).map { _ in Workspace() }
    inverseNorms = Self.inverseNorms(of: references, count: count, width: width, pool: pool)
  }

  /// The nearest references of each query.
  ///
  /// - Parameters:
  ///   - queries: `[queryCount, width]`.
  ///   - queryCount: number of queries.
  ///   - perQuery: how many neighbours are wanted; at most the number of references.
  ///   - advance: called with the number of queries that one worker has finished.
  /// - Returns: the neighbours, the same for any number of workers.
  package func neighbors(
    of queries: UnsafePointer<Float>, _ queryCount: Int, perQuery: Int,
    advance: @escaping @Sendable (Int) -> Void = { _ in }
  ) -> Neighbors {
    precondition((1...max(count, 1)).contains(perQuery), "\(perQuery) neighbours among \(count)")
    let found = FoundNeighbors(queryCount * perQuery)
    let norms = Self.inverseNorms(of: queries, count: queryCount, width: width, pool: pool)
    nonisolated(unsafe) let queries = queries
    pool.run((queryCount + Self.queryBlock - 1) / Self.queryBlock) { block, worker in
      let first = block * Self.queryBlock
      let rows = first..<min(first + Self.queryBlock, queryCount)
      search(queries, rows, perQuery, norms, found, workspaces[worker])
      advance(rows.count)
    }
    return Neighbors(
      perQuery: perQuery, indices: found.indices, similarities: found.similarities)
  }

  /// Searches all references for one block of queries.
  private func search(
    _ queries: UnsafePointer<Float>, _ rows: Range<Int>, _ perQuery: Int, _ norms: Tensor,
    _ found: FoundNeighbors, _ workspace: Workspace
  ) {
    let capacity = 2 * perQuery + 64
    let states = CandidateLists(queries: rows.count, capacity: capacity)
    let scoreBytes = rows.count * Self.referenceBlock * 4
    let scores = workspace.take(scoreBytes).assumingMemoryBound(to: Float.self)
    defer { workspace.give(scores, scoreBytes) }
    let gemm = Gemm(workspace: workspace)
    for first in stride(from: 0, to: count, by: Self.referenceBlock) {
      let columns = min(Self.referenceBlock, count - first)
      gemm.multiply(
        queries + rows.lowerBound * width, byTransposed: references + first * width, into: scores,
        rows: rows.count, columns: columns, inner: width)
      for query in 0..<rows.count {
        uk_nearest_update(
          scores + query * columns, inverseNorms.data + first, columns, Int32(first),
          states.candidates + query * capacity, states.counts + query, states.thresholds + query,
          perQuery, capacity)
      }
    }
    for query in 0..<rows.count {
      let candidates = states.candidates + query * capacity
      let kept = uk_nearest_finish(candidates, states.counts[query], perQuery)
      found.store(
        candidates, kept, at: (rows.lowerBound + query) * perQuery,
        scale: norms.data[rows.lowerBound + query])
    }
  }

  /// `1 / ‖row‖`, and 0 for a row of zeros.
  private static func inverseNorms(
    of rows: UnsafePointer<Float>, count: Int, width: Int, pool: WorkerPool
  ) -> Tensor {
    let norms = Tensor([count])
    let block = 1024
    nonisolated(unsafe) let rows = rows
    pool.run((count + block - 1) / block) { job, _ in
      for row in job * block..<min((job + 1) * block, count) {
        let square = uk_sum_squares(rows + row * width, width)
        norms.data[row] = square > 0 ? Float(1 / square.squareRoot()) : 0
      }
    }
    return norms
  }
}

/// The candidates of a block of queries.
private final class CandidateLists {
  let candidates: UnsafeMutablePointer<uk_neighbor>
  let counts: UnsafeMutablePointer<Int>
  let thresholds: UnsafeMutablePointer<Float>

  init(queries: Int, capacity: Int) {
    candidates = .allocate(capacity: queries * capacity)
    counts = .allocate(capacity: queries)
    counts.initialize(repeating: 0, count: queries)
    thresholds = .allocate(capacity: queries)
    thresholds.initialize(repeating: -.infinity, count: queries)
  }

  deinit {
    candidates.deallocate()
    counts.deallocate()
    thresholds.deallocate()
  }
}

/// The result under construction; each query's places are written by one worker.
private final class FoundNeighbors: @unchecked Sendable {
  private let indexStorage: UnsafeMutableBufferPointer<Int32>
  private let similarityStorage: UnsafeMutableBufferPointer<Float>

  init(_ count: Int) {
    indexStorage = .allocate(capacity: count)
    indexStorage.initialize(repeating: 0)
    similarityStorage = .allocate(capacity: count)
    similarityStorage.initialize(repeating: 0)
  }

  deinit {
    indexStorage.deallocate()
    similarityStorage.deallocate()
  }

  var indices: [Int32] { Array(indexStorage) }
  var similarities: [Float] { Array(similarityStorage) }

  func store(_ found: UnsafePointer<uk_neighbor>, _ count: Int, at place: Int, scale: Float) {
    for rank in 0..<count {
      indexStorage[place + rank] = found[rank].index
      similarityStorage[place + rank] = found[rank].value * scale
    }
  }
}
