import CJPEG
import Foundation
import Support
import Synchronization

/// JPEG, by libjpeg.
enum JPEG: ImageFormat {
  static let name = "JPEG"
  static let endings = ["jpg", "jpeg", "jpe", "jfif"]

  static func recognizes(_ start: [UInt8]) -> Bool { start.starts(with: [0xff, 0xd8]) }

  static func decode(_ data: Data, from subject: String) throws -> Image {
    var samples: UnsafeMutablePointer<UInt8>?
    var width: UInt32 = 0
    var height: UInt32 = 0
    var isShort: Int32 = 0
    var message = [CChar](repeating: 0, count: Int(UK_JPEG_MESSAGE_SIZE))
    let limits = uk_jpeg_limits(
      side: UInt32(DecodingLimits.side), pixels: UInt64(DecodingLimits.pixels(ofBytes: data.count)))
    let failed = unsafe data.withUnsafeBytes { bytes in
      unsafe uk_jpeg_decode(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limits, &samples, &width,
        &height, &isShort, &message)
    }
    guard failed == 0, let samples = unsafe samples else {
      throw InputError(
        subject, "unusable JPEG: \(text(of: message))", "replace or remove the file")
    }
    if isShort != 0 { TruncatedPictures.note(subject) }
    return unsafe adopt(samples, width: width, height: height)
  }
}

extension JPEG {
  /// A picture as it comes back from a JPEG file of a quality, libjpeg's 1 to 100.
  static func compressed(_ image: Image, quality: Int) -> Image {
    var file: UnsafeMutablePointer<UInt8>?
    var size = 0
    var message = [CChar](repeating: 0, count: Int(UK_JPEG_MESSAGE_SIZE))
    let failed = unsafe uk_jpeg_encode(
      image.pixels, UInt32(image.width), UInt32(image.height), Int32(quality), &file, &size,
      &message)
    guard failed == 0, let file = unsafe file else { fatalError("libjpeg: \(text(of: message))") }
    defer { unsafe free(file) }
    do {
      return try unsafe decode(
        Data(bytesNoCopy: file, count: size, deallocator: .none), from: "a JPEG just written")
    } catch { fatalError("libjpeg: \(error)") }
  }
}

/// Pictures whose last blocks are missing, each named once; many are counted.
enum TruncatedPictures {
  private static let known = Mutex<Set<String>>([])

  /// Says that the picture in `path` was read as far as it goes.
  static func note(_ path: String) {
    let count = known.withLock { $0.insert(path).inserted ? $0.count : 0 }
    switch count {
    case 0: return
    case ...10: Log.note("\(path): lacks its last blocks; the rest is read, as libjpeg fills it")
    case 100, 1000, 10_000, 100_000: Log.note("\(count) pictures lack their last blocks so far")
    default: return
    }
  }

  /// Whether any was read so in this run.
  static var areThere: Bool { known.withLock { !$0.isEmpty } }

  /// Whether the picture in `path` was read so in this run.
  static func contains(_ path: String) -> Bool { known.withLock { $0.contains(path) } }
}
