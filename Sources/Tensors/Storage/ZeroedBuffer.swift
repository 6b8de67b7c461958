import CSystem
import Foundation

/// Zeroed floats, 64-byte aligned, that live as long as the object.
///
/// A large block takes memory only where it is touched, and in huge pages where the system has them, which
/// saves most of the time that first touching it takes.
final class ZeroedBuffer: @unchecked Sendable {
  /// The elements.
  let data: UnsafeMutablePointer<Float>
  /// The mapping that the elements lie in; nil when they come from the heap.
  private let mapping: UnsafeMutableRawBufferPointer?

  private static let hugePage = 2 << 20

  /// Zeros.
  /// - Parameter count: how many.
  init(count: Int) {
    let bytes = count * MemoryLayout<Float>.stride
    guard bytes >= 8 * Self.hugePage else {
      mapping = nil
      data = allocateAligned(count)
      data.initialize(repeating: 0, count: count)
      return
    }
    let whole = bytes + Self.hugePage
    guard
      let start = mmap(
        nil, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      start != MAP_FAILED
    else { cs_out_of_memory(whole) }
    mapping = UnsafeMutableRawBufferPointer(start: start, count: whole)
    let first = start.alignedUp(toMultipleOf: Self.hugePage)
    madvise(first, bytes, Int32(MADV_HUGEPAGE))
    data = first.bindMemory(to: Float.self, capacity: count)
  }

  deinit {
    if let mapping { munmap(mapping.baseAddress, mapping.count) } else { free(data) }
  }
}
