import CCrypto
import Foundation

/// SHA-256 (FIPS 180-4) of bytes that arrive in pieces, computed by libcrypto.
package struct SHA256 {
  private var state = State()

  /// The hash of nothing yet.
  package init() {}

  /// Appends `bytes`.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if !isKnownUniquelyReferenced(&state) { state = State(copying: state) }
    let status = unsafe EVP_DigestUpdate(state.context, bytes.baseAddress, bytes.count)
    precondition(status == 1, "libcrypto failed")
  }

  /// Appends `data`.
  package mutating func update(_ data: Data) { unsafe data.withUnsafeBytes { unsafe update($0) } }

  /// Appends the UTF-8 of `text`.
  package mutating func update(_ text: String) {
    var text = text
    text.withUTF8 { unsafe update(UnsafeRawBufferPointer($0)) }
  }

  /// The hash of all bytes so far, in 64 lower-case hexadecimal digits; more may follow.
  package mutating func hex() -> String {
    let last = State(copying: state)
    var digest = [UInt8](repeating: 0, count: 32)
    unsafe precondition(EVP_DigestFinal_ex(last.context, &digest, nil) == 1, "libcrypto failed")
    return digest.map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }

  /// The hash of `data`.
  package static func hex(of data: Data) -> String {
    var hash = SHA256()
    hash.update(data)
    return hash.hex()
  }

  /// The hash of the UTF-8 of `text`.
  package static func hex(of text: String) -> String { hex(of: Data(text.utf8)) }

  /// The hash of the file at `path`, read in pieces of 1 MiB.
  /// - Throws: `InputError` if it is no regular file, or changes meanwhile.
  package static func hex(ofFile path: String) throws -> String {
    let descriptor = try openForReading(path)
    defer { close(descriptor) }
    let version = try FileVersion(descriptor, path)
    var hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { unsafe buffer.deallocate() }
    while true {
      let count = try unsafe readAll(descriptor, into: buffer, path)
      guard count > 0 else { break }
      unsafe hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    guard try FileVersion(descriptor, path) == version else { throw InputError.changed(path) }
    return hash.hex()
  }

  /// The state of libcrypto, freed with the last value that shares it.
  @safe private final class State {
    let context: OpaquePointer

    /// A thread may be hashing while the program exits: libcrypto must not tidy up under it.
    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    init() {
      precondition(Self.isReady, "libcrypto cannot be used")
      guard let context = unsafe EVP_MD_CTX_new(),
        unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
      else { preconditionFailure("libcrypto has no SHA-256") }
      unsafe self.context = unsafe context
    }

    init(copying other: State) {
      guard let context = unsafe EVP_MD_CTX_new(),
        unsafe EVP_MD_CTX_copy_ex(context, other.context) == 1
      else { preconditionFailure("libcrypto is out of memory") }
      unsafe self.context = unsafe context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }
  }
}
