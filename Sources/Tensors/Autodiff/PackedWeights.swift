import Foundation

/// Copies of a store's weights in the order that convolutions read, shared by all workers.
///
/// Kept only while the store's weights are held; guarded by a lock, so that one worker packs and the
/// others wait.
final class PackedWeights: @unchecked Sendable {
  /// Which weights, and in what form.
  struct Key: Hashable {
    /// The parameter's place in the store.
    let offset: Int
    let type: ElementType
    /// The order of the weights.
    let layout: UInt64
    /// The place of the batch norm that is folded in; none when nil.
    var norm: Int?
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
  func packed(_ parameter: Parameter, _ type: ElementType, for convolution: any PreparedConvolution)
    -> UnsafeMutableRawPointer?
  {
    let key = Key(offset: parameter.offset, type: type, layout: convolution.layout)
    return kept(key, bytes: convolution.packedBytes) {
      convolution.pack(parameter.operand(type), into: $0)
    }
  }

  /// A copy of weights that is made once while they are held; nil when they are not.
  ///
  /// - Parameters:
  ///   - key: which copy.
  ///   - bytes: its size.
  ///   - fill: writes it.
  /// - Returns: the copy, as long as the weights are held.
  func kept(_ key: Key, bytes: Int, _ fill: (UnsafeMutableRawPointer) -> Void)
    -> UnsafeMutableRawPointer?
  {
    lock.withLock {
      guard holders > 0 else { return nil }
      let known = entries[key]
      if let known, known.isCurrent { return known.memory }
      let memory = known?.memory ?? UnsafeMutableRawPointer(allocateAligned((bytes + 3) / 4))
      fill(memory)
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
