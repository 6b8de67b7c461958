import CKernels
import Foundation
import Support

/// Sums the gradients of lanes as a fixed binary tree: neighbours first, then pairs of pairs.
///
/// The tree, not the order in which lanes are finished, decides the rounding. Lanes are added as soon
/// as their neighbour is there, in place, and buffers are used again, so the memory grows with the
/// lanes that are under way: each worker holds the buffer of its lane, and keeps at most one finished
/// subtree a level waiting for it. The first lane's buffers are the stores' own gradients.
final class LaneTree: @unchecked Sendable {
  /// Flat gradient buffers of one lane, or of a subtree of lanes: one a store.
  typealias Buffers = [UnsafeMutablePointer<Float>]

  /// A place in the tree: level 0 holds the lanes, the node above those of `index` 2i and 2i + 1 has `index` i.
  private struct Place: Hashable {
    var level = 0
    var index: Int

    /// The other node below the same one.
    var sibling: Place { Place(level: level, index: index ^ 1) }
    /// The node above.
    var parent: Place { Place(level: level + 1, index: index >> 1) }
    /// The first of its lanes.
    var firstLane: Int { index << level }
  }

  private let stores: [ParameterStore]
  private let lanes: Int
  // All of the following is guarded by `lock`.
  private let lock = NSLock()
  private var spare: [Buffers] = []
  private var owned: [ZeroedBuffer] = []
  private var waiting: [Place: Buffers] = [:]
  private var unfinished = 0

  /// Elements that are added at a time, so that they stay in the first-level cache up the tree.
  private static let block = 2048

  /// A tree of `lanes` lanes of the gradients of `stores`, whose buffers are made already.
  init(stores: [ParameterStore], lanes: Int) {
    self.stores = stores
    self.lanes = lanes
  }

  /// How many buffers were made, beside the stores' own gradients.
  var bufferCount: Int { lock.withLock { owned.count / max(stores.count, 1) } }

  /// Forgets the lanes of the step before.
  func begin() {
    lock.withLock {
      waiting = [:]
      unfinished = lanes
      spare = stride(from: 0, to: owned.count, by: max(stores.count, 1)).map { first in
        owned[first..<first + stores.count].map(\.data)
      }
    }
  }

  /// Zeroed buffers for the gradients of a lane.
  func buffers(of lane: Int) -> Buffers {
    let buffers = lane == 0 ? stores.map(\.gradient) : unused()
    for (store, buffer) in zip(stores, buffers) {
      buffer.update(repeating: 0, count: store.extent)
    }
    return buffers
  }

  /// Takes a finished lane and adds what can be added by now.
  ///
  /// The last lane to be finished adds nothing: `sum` shares out what is left among all workers.
  func finish(_ lane: Int, _ buffers: Buffers) {
    lock.withLock { unfinished -= 1 }
    var (place, buffers) = (Place(index: lane), buffers)
    while true {
      let sums = lock.withLock { () -> [(into: Buffers, from: Buffers)] in
        let sums = unfinished > 0 ? climb(&place, &buffers) : []
        if sums.isEmpty { waiting[place] = buffers }
        return sums
      }
      guard !sums.isEmpty else { return }
      for (index, store) in stores.enumerated() {
        add(sums, store: index, 0..<store.extent)
      }
      lock.withLock { spare += sums.map(\.from) }
    }
  }

  /// Adds what `finish` left, by all workers: then the stores' gradients are the sums of all lanes.
  func sum(pool: WorkerPool) {
    // Read by all jobs; the ranges that they write are disjoint.
    nonisolated(unsafe) let sums = lock.withLock {
      Array(waiting.keys).flatMap { first -> [(into: Buffers, from: Buffers)] in
        guard var buffers = waiting.removeValue(forKey: first) else { return [] }
        var place = first
        defer { waiting[place] = buffers }
        return climb(&place, &buffers)
      }
    }
    for (index, store) in stores.enumerated() where !sums.isEmpty {
      let jobs = chunks(of: store.extent)
      pool.run(jobs.count) { [self] job, _ in add(sums, store: index, jobs[job]) }
    }
  }

  private func unused() -> Buffers {
    if let known = lock.withLock({ spare.popLast() }) { return known }
    let made = stores.map { ZeroedBuffer(count: $0.extent) }
    lock.withLock { owned += made }
    return made.map(\.data)
  }

  /// Goes up while the neighbour is there; called with the lock held.
  ///
  /// - Returns: the additions on the way, to be done in their order.
  private func climb(_ place: inout Place, _ buffers: inout Buffers)
    -> [(into: Buffers, from: Buffers)]
  {
    var sums: [(into: Buffers, from: Buffers)] = []
    while 1 << place.level < lanes {
      if place.sibling.firstLane < lanes {
        guard let other = waiting.removeValue(forKey: place.sibling) else { break }
        let isLeft = place.index & 1 == 0
        sums.append(isLeft ? (buffers, other) : (other, buffers))
        if !isLeft { buffers = other }
      }
      place = place.parent
    }
    return sums
  }

  /// Does additions on a range of one store's buffers.
  private func add(_ sums: [(into: Buffers, from: Buffers)], store: Int, _ range: Range<Int>) {
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
      let count = min(Self.block, range.upperBound - start)
      for (into, from) in sums {
        uk_add(from[store] + start, uk_float32, into[store] + start, 1, count)
      }
    }
  }
}

/// The parts of a flat buffer that one job each reduces or updates.
func chunks(of count: Int) -> [Range<Int>] {
  stride(from: 0, to: count, by: DataParallel.chunk).map {
    $0..<min($0 + DataParallel.chunk, count)
  }
}
