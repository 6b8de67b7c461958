import Foundation
import Support
import Tensors
import Testing

@Suite struct ParallelTests {
  /// Counts calls for each job.
  private final class Tally: @unchecked Sendable {
    private let lock = NSLock()
    private var counts: [Int]

    init(_ jobs: Int) { counts = [Int](repeating: 0, count: jobs) }

    func count(_ job: Int) { lock.withLock { counts[job] += 1 } }
    var all: [Int] { lock.withLock { counts } }
  }

  @Test(arguments: [1, 2, 3])
  func everyJobRunsOnce(threads: Int) {
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    for jobs in [0, 1, 2, 7, 100] {
      let tally = Tally(jobs)
      pool.run(jobs) { job, worker in
        #expect((0..<threads).contains(worker))
        tally.count(job)
      }
      #expect(tally.all.allSatisfy { $0 == 1 })
    }
  }

  /// Many short rounds: a job that is lost or run twice, or a round that does not end, shows here.
  @Test func manyRounds() {
    let pool = WorkerPool(threads: 3)
    defer { pool.close() }
    let tally = Tally(5)
    for _ in 0..<2000 { pool.run(5) { job, _ in tally.count(job) } }
    #expect(tally.all == [2000, 2000, 2000, 2000, 2000])
  }

  /// A small network with every kind of sum: products, norms, attention, column sums.
  private struct Network: @unchecked Sendable {
    let store = ParameterStore()
    let (gain, bias, projection, head): (Parameter, Parameter, Parameter, Parameter)
    let optimizer: AdamW

    init() {
      gain = store.add("gain", [24])
      bias = store.add("bias", [24])
      projection = store.add("projection", [72, 24])
      // More than three jobs' share of the optimiser and of the sum over lanes.
      head = store.add("head", [5000, 24])
      var random = RandomStream(seed: 11, purpose: "network")
      for parameter in store.parameters {
        for i in 0..<parameter.count { parameter.data[i] = random.normal() * 0.3 }
      }
      optimizer = AdamW(store, betas: (0.9, 0.95), rule: ParameterRule.usual(decay: 0.1))
      store.refreshBfloat16()
    }

    func loss(_ graph: Graph, _ range: Range<Int>, step: Int) -> Double {
      let x = graph.constant([range.count, 7, 24]) { out in
        for (row, example) in range.enumerated() {
          var random = RandomStream(seed: 12, purpose: "example", step, example)
          for i in 0..<7 * 24 { out[row * 7 * 24 + i] = random.normal() }
        }
      }
      let normed = graph.layerNorm(x, gain: gain, bias: bias, epsilon: 1e-6)
      let qkv = graph.linear(normed, weight: projection, bias: nil)
      let mixed = graph.converted(graph.attention(qkv, heads: 3), to: .float32)
      let pooled = graph.mean(mixed, tokens: 0..<7)
      let logits = graph.linear(pooled, weight: head, bias: nil, output: .float32)
      return graph.crossEntropy(logits, labels: range.map { Int32($0 % 5) }, weight: 1 / 37)
    }
  }

  private func trained(threads: Int, slice: Int, precision: Precision) throws -> (
    losses: [Double], norms: [Double], weights: [Float]
  ) {
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let network = Network()
    let runner = DataParallel(pool: pool, stores: [network.store], precision: precision)
    var (losses, norms): ([Double], [Double]) = ([], [])
    for step in 0..<4 {
      losses.append(
        try runner.step(batch: 37, slice: slice) { graph, range in
          network.loss(graph, range, step: step)
        })
      norms.append(runner.gradientNorm())
      network.optimizer.step(learningRate: 1e-2, pool: pool)
    }
    let store = network.store
    return (losses, norms, Array(UnsafeBufferPointer(start: store.values, count: store.extent)))
  }

  @Test(arguments: Precision.available)
  func threadsChangeNoBit(precision: Precision) throws {
    let one = try trained(threads: 1, slice: 3, precision: precision)
    for threads in [2, 3, 7] {
      let more = try trained(threads: threads, slice: 3, precision: precision)
      #expect(more.losses == one.losses && more.norms == one.norms)
      #expect(more.weights == one.weights)
    }
    #expect(one.losses.allSatisfy { $0.isFinite })
    #expect(Set(one.losses).count == 4)
  }

  /// Slices only change the order of sums; the batch's examples and weights stay the same.
  @Test func slicesChangeLittle() throws {
    let small = try trained(threads: 2, slice: 1, precision: .fp32)
    let large = try trained(threads: 2, slice: 37, precision: .fp32)
    for (a, b) in zip(small.losses, large.losses) { #expect(abs(a - b) < 1e-4) }
  }

  @Test func aBatchSmallerThanItsLanes() throws {
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let network = Network()
    let runner = DataParallel(pool: pool, stores: [network.store], lanes: 8, precision: .fp32)
    let tally = Tally(3)
    let loss = try runner.step(batch: 3, slice: 4) { graph, range in
      for example in range { tally.count(example) }
      return network.loss(graph, range, step: 0)
    }
    #expect(tally.all == [1, 1, 1])
    #expect(loss > 0 && runner.gradientNorm() > 0)
  }

  private struct Broken: Error, Equatable { let example: Int }

  /// The error of the first range is thrown whichever worker meets it, and memory is given back.
  @Test func errorsArriveInOrder() throws {
    let pool = WorkerPool(threads: 3)
    defer { pool.close() }
    let network = Network()
    let runner = DataParallel(pool: pool, stores: [network.store], precision: .fp32)
    for _ in 0..<20 {
      #expect(throws: Broken(example: 9)) {
        try runner.step(batch: 37, slice: 1) { graph, range in
          let loss = network.loss(graph, range, step: 0)
          if range.lowerBound >= 9 {
            throw Broken(example: range.lowerBound)
          }
          return loss
        }
      }
    }
    let held = runner.workspaceBytes
    for _ in 0..<20 {
      _ = try? runner.step(batch: 37, slice: 1) { graph, range in
        _ = network.loss(graph, range, step: 0)
        throw Broken(example: range.lowerBound)
      }
    }
    #expect(runner.workspaceBytes <= held)
  }

  @Test func forwardCoversEveryExampleOnce() throws {
    let pool = WorkerPool(threads: 3)
    defer { pool.close() }
    let runner = DataParallel(pool: pool, precision: .fp32)
    let tally = Tally(23)
    try runner.forEachSlice(of: 23, slice: 4) { _, range in
      #expect(range.count <= 4)
      for example in range { tally.count(example) }
    }
    #expect(tally.all.allSatisfy { $0 == 1 })
  }
}
