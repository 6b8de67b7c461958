import Foundation
import Support
import Testing

@testable import Tensors

@Suite struct LaneTreeTests {
  /// Values whose sum depends on the order in which they are added.
  private static func value(_ lane: Int, _ index: Int) -> Float {
    var random = RandomStream(seed: 5, purpose: "lane", lane, index)
    return random.normal() * Float(1 << (lane * 7 % 20))
  }

  /// The sum of the lanes from `first`, written down as the recursion that defines it.
  private static func sum(_ first: Int, _ count: Int, _ index: Int) -> Float {
    if count == 1 { return value(first, index) }
    var left = 1
    while 2 * left < count { left *= 2 }
    return sum(first, left, index) + sum(first + left, count - left, index)
  }

  private static func store(_ extent: Int) -> ParameterStore {
    let store = ParameterStore()
    _ = store.add("weight", [extent])
    store.allocate()
    return store
  }

  @Test(arguments: [1, 2, 3, 5, 6, 7, 8, 13, 16, 64])
  func isTheTreeOfItsLanes(lanes: Int) {
    let store = Self.store(5000)
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let tree = LaneTree(stores: [store], lanes: lanes)
    let expected = (0..<5000).map { Self.sum(0, lanes, $0) }
    for round in 0..<4 {
      var random = RandomStream(seed: 6, purpose: "order", lanes, round)
      tree.begin()
      // Lanes are finished in another order in each round.
      for lane in random.permutation(lanes) {
        let buffers = tree.buffers(of: lane)
        #expect(buffers[0][17] == 0)
        for index in 0..<5000 { buffers[0][index] = Self.value(lane, index) }
        tree.finish(lane, buffers)
      }
      tree.sum(pool: pool)
      #expect(Array(UnsafeBufferPointer(start: store.gradient, count: 5000)) == expected)
    }
  }

  /// A power of two of processes gives the bits of one.
  @Test func processesChangeNoBit() throws {
    func gradients(processes: Int) throws -> (losses: [Double], gradients: [[Float]]) {
      let meeting = Meeting(processes)
      let results = Results<Gradients>(processes)
      let threads = (0..<processes).map { rank in
        Thread {
          results.set(rank, Result { try Self.step(Rank(rank: rank, meeting: meeting)) })
        }
      }
      for thread in threads { thread.start() }
      let all = try results.wait().map { try $0.get() }
      return (all.map { $0.loss }, all.map { $0.gradient })
    }
    let one = try gradients(processes: 1)
    for processes in [2, 4, 8] {
      let more = try gradients(processes: processes)
      #expect(more.losses.allSatisfy { $0 == one.losses[0] })
      #expect(more.gradients.allSatisfy { $0 == one.gradients[0] })
    }
  }

  private struct Gradients {
    let loss: Double
    let gradient: [Float]
  }

  /// Loss and gradient of a linear layer on a batch of 40.
  private static func step(_ rank: Rank) throws -> Gradients {
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let store = ParameterStore()
    let weight = store.add("weight", [7, 12])
    var random = RandomStream(seed: 7, purpose: "weights")
    for i in 0..<weight.count { weight.data[i] = random.normal() }
    let runner = DataParallel(
      pool: pool, stores: [store], lanes: 8, precision: .fp32, collectives: rank)
    let loss = try runner.step(batch: 40, slice: 2) { graph, range in
      let x = graph.constant([range.count, 12]) { out in
        for (row, example) in range.enumerated() {
          var random = RandomStream(seed: 8, purpose: "example", example)
          for i in 0..<12 { out[row * 12 + i] = random.normal() }
        }
      }
      let logits = graph.linear(x, weight: weight, bias: nil, output: .float32)
      return graph.crossEntropy(logits, labels: range.map { Int32($0 % 7) }, weight: 1 / 40)
    }
    return Gradients(
      loss: loss,
      gradient: Array(UnsafeBufferPointer(start: store.gradient, count: store.extent)))
  }

  /// The memory for gradients grows with the workers, not with the lanes.
  @Test func fewBuffersForManyLanes() throws {
    let store = Self.store(100)
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let runner = DataParallel(pool: pool, stores: [store], lanes: 256, precision: .fp32)
    for _ in 0..<5 { _ = try runner.step(batch: 256, slice: 1) { _, _ in 0 } }
    // A worker holds a lane, and a slow one keeps at most a finished subtree of each level waiting.
    #expect(runner.gradientBuffers <= 2 * (1 + 8))
  }

  @Test func lanesSuitTheBatch() {
    let lanes = [1, 8, 16, 24, 64, 128, 256, 512, 1024, 2048, 4096, 65536].map {
      DataParallel.usualLanes(batch: $0)
    }
    #expect(lanes == [2, 2, 2, 2, 8, 8, 8, 16, 32, 64, 64, 64])
  }
}

/// Where the threads that stand for processes leave what they exchange.
private final class Meeting: @unchecked Sendable {
  let size: Int
  private let condition = NSCondition()
  private var arrived: [Int: [Double]] = [:]
  private var result: [[Double]] = []
  private var round = 0

  init(_ size: Int) { self.size = size }

  /// What all ranks brought, in their order.
  func exchange(_ rank: Int, _ values: [Double]) -> [[Double]] {
    condition.lock()
    defer { condition.unlock() }
    let mine = round
    arrived[rank] = values
    if arrived.count == size {
      result = (0..<size).map { arrived[$0] ?? [] }
      arrived = [:]
      round += 1
      condition.broadcast()
    }
    while round == mine { condition.wait() }
    return result
  }
}

/// A thread that stands for a process.
private struct Rank: Collectives {
  let rank: Int
  let meeting: Meeting
  var size: Int { meeting.size }

  func sum(_ values: UnsafeMutablePointer<Float>, count: Int) {
    var parts = meeting.exchange(rank, (0..<count).map { Double(values[$0]) })
    while parts.count > 1 {
      parts = stride(from: 0, to: parts.count, by: 2).map { pair in
        zip(parts[pair], parts[pair + 1]).map { Double(Float($0) + Float($1)) }
      }
    }
    for index in 0..<count { values[index] = Float(parts[0][index]) }
  }

  func gather(_ values: [Double]) -> [Double] { meeting.exchange(rank, values).flatMap { $0 } }
}

/// One result a thread.
private final class Results<Value>: @unchecked Sendable {
  private let condition = NSCondition()
  private var values: [Int: Result<Value, any Error>] = [:]
  private let count: Int

  init(_ count: Int) { self.count = count }

  func set(_ index: Int, _ value: Result<Value, any Error>) {
    condition.lock()
    values[index] = value
    condition.broadcast()
    condition.unlock()
  }

  func wait() -> [Result<Value, any Error>] {
    condition.lock()
    defer { condition.unlock() }
    while values.count < count { condition.wait() }
    return (0..<count).compactMap { values[$0] }
  }
}
