import Foundation

/// Copies of a store's weights in the order that convolutions read, shared by all workers.
///
/// Kept only while the store's weights are held; guarded by a lock, so that one worker packs and the
/// others wait.
final class PackedWeights: @unchecked Sendable {
  private struct Key: Hashable {
    let offset: Int
    let type: ElementType
    let layout: UInt64
  }

  private struct Entry {
    let memory: UnsafeMutableRawPointer
    var isCurrent: Bool
  }

  private let lock = NSLock()
  private var entries: [Key: Entry] = [:]
  private var holders = 0

  deinit { for entry in entries.values { free(entry.memory) } }

  /// From now on the weights do not change; calls nest.
  func hold() {
    lock.withLock { holders += 1 }
  }

  /// From now on they may; the copies' memory is kept.
  func release() {
    lock.withLock {
      holders -= 1
      guard holders == 0 else { return }
      for key in entries.keys { entries[key]?.isCurrent = false }
    }
  }

  /// The packed weights of a parameter; nil when its store's weights are not held.
  func packed(_ parameter: Parameter, _ type: ElementType, for convolution: PreparedConvolution)
    -> UnsafeMutableRawPointer?
  {
    lock.withLock {
      guard holders > 0 else { return nil }
      let key = Key(offset: parameter.offset, type: type, layout: convolution.layout)
      let known = entries[key]
      if let known, known.isCurrent { return known.memory }
      let memory =
        known?.memory
        ?? UnsafeMutableRawPointer(allocateAligned((convolution.packedBytes + 3) / 4))
      convolution.pack(parameter.operand(type), into: memory)
      entries[key] = Entry(memory: memory, isCurrent: true)
      return memory
    }
  }
}

extension ParameterStore {
  /// Promises that no weight changes until `releaseWeights()`, so that packed copies can be kept.
  ///
  /// Calls nest. `DataParallel` holds the stores that it trains during a step; who runs a network
  /// forward over many examples holds its store meanwhile.
  package func holdWeights() { packed.hold() }

  /// Ends the promise of `holdWeights()`.
  package func releaseWeights() { packed.release() }
}
