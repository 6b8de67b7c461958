import Foundation

/// The memory and the prepared matrix products of one worker; used by one thread at a time.
///
/// Buffers are handed out by size and taken back, last in first out, so that a step after the
/// first allocates nothing and finds its buffers still in the cache.
package final class Workspace {
  private var free: [Int: [UnsafeMutableRawPointer]] = [:]
  private var products: [ProductShape: Product] = [:]
  private var convolutions: [ConvolutionPart: [ConvolutionShape: any PreparedConvolution]] = [:]
  private var scratch: (pointer: UnsafeMutableRawPointer, bytes: Int)?
  /// Bytes obtained from the system and not given back.
  package private(set) var reservedBytes = 0

  /// An empty workspace.
  package init() {}

  deinit { trim() }

  /// Uninitialised memory of at least `bytes` bytes, 64-byte aligned.
  func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    let size = rounded(bytes)
    if let pointer = free[size]?.popLast() { return pointer }
    reservedBytes += size
    return UnsafeMutableRawPointer(allocateAligned(size / 4))
  }

  /// Takes back what `take` gave for the same number of bytes.
  func give(_ pointer: UnsafeMutableRawPointer, _ bytes: Int) {
    free[rounded(bytes), default: []].append(pointer)
  }

  /// Returns unused memory to the system.
  package func trim() {
    for (size, pointers) in free {
      for pointer in pointers { Foundation.free(pointer) }
      reservedBytes -= size * pointers.count
    }
    free = [:]
    if let scratch { Foundation.free(scratch.pointer) }
    scratch = nil
  }

  /// The prepared product of a shape, made on first use.
  func product(_ shape: ProductShape) -> Product {
    if let known = products[shape] { return known }
    let made = Product(shape)
    products[shape] = made
    return made
  }

  /// The prepared convolution, or gradient of one, of a shape; made on first use.
  func convolution(_ shape: ConvolutionShape, _ part: ConvolutionPart)
    -> any PreparedConvolution
  {
    if let known = convolutions[part]?[shape] { return known }
    let made = prepareConvolution(shape, part)
    convolutions[part, default: [:]][shape] = made
    return made
  }

  /// Memory for the insides of one product; overwritten by the next.
  func scratch(bytes: Int) -> UnsafeMutableRawPointer {
    if let scratch, scratch.bytes >= bytes { return scratch.pointer }
    if let scratch { Foundation.free(scratch.pointer) }
    let size = rounded(bytes)
    let pointer = UnsafeMutableRawPointer(allocateAligned(size / 4))
    scratch = (pointer, size)
    return pointer
  }

  private func rounded(_ bytes: Int) -> Int { max(64, (bytes + 63) / 64 * 64) }
}
