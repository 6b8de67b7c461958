import Foundation

/// Memory that a thread keeps between pictures, so that rendering one allocates nothing.
///
/// `ThreadScratch.current` is the calling thread's own; nothing in it outlives a call.
@safe final class ThreadScratch {
  private var memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 16, alignment: 64)
  private var capacity = 1 << 16
  private var used = 0

  /// More than this is given back after the call that needed it.
  private static let kept = 32 << 20

  deinit { unsafe memory.deallocate() }

  /// The scratch memory of the calling thread; made when it first asks and freed when it ends.
  static var current: ThreadScratch {
    if let held = unsafe pthread_getspecific(key) {
      return unsafe Unmanaged<ThreadScratch>.fromOpaque(held).takeUnretainedValue()
    }
    let scratch = ThreadScratch()
    unsafe pthread_setspecific(key, Unmanaged.passRetained(scratch).toOpaque())
    return scratch
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let failure = unsafe pthread_key_create(&key) { held in
      if let held = unsafe held { unsafe Unmanaged<ThreadScratch>.fromOpaque(held).release() }
    }
    precondition(failure == 0, "no thread-local storage left")
    return key
  }()

  /// Runs `body` with `bytes` of memory at hand; what earlier calls took is given up.
  func reserving<Result>(_ bytes: Int, _ body: (ThreadScratch) -> Result) -> Result {
    if bytes > capacity { resize(to: bytes) }
    used = 0
    defer { if capacity > Self.kept { resize(to: 1 << 16) } }
    return body(self)
  }

  /// Uninitialised room for `count` values, 64-byte aligned; see `bytes(for:_:)`.
  func take<Value: BitwiseCopyable>(_ count: Int, _ type: Value.Type)
    -> UnsafeMutablePointer<Value>
  {
    let start = used
    used += Self.bytes(for: count, type)
    precondition(used <= capacity, "scratch memory was reserved too small")
    return unsafe (memory + start).bindMemory(to: type, capacity: count)
  }

  /// The bytes to reserve for `take(count, type)`.
  static func bytes<Value>(for count: Int, _ type: Value.Type) -> Int {
    (count * MemoryLayout<Value>.stride + 63) & ~63
  }

  private func resize(to bytes: Int) {
    unsafe memory.deallocate()
    unsafe memory = .allocate(byteCount: bytes, alignment: 64)
    capacity = bytes
  }
}
