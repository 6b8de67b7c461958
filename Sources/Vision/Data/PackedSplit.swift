import Foundation
import Support

/// Bytes that stay where they are as long as the object lives.
protocol HeldBytes: AnyObject, Sendable {
  var bytes: UnsafeRawBufferPointer { get }
}

extension MappedFile: HeldBytes {}

/// Bytes in memory of our own, such as what was unpacked from a compressed file.
///
/// Written before it is shared, then only read.
@safe final class OwnedBytes: HeldBytes, @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  init(_ data: Data) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 64)
    unsafe copy.copyBytes(from: data)
    unsafe bytes = UnsafeRawBufferPointer(copy)
  }

  deinit { unsafe bytes.deallocate() }
}

/// How the samples of a picture of fixed size are stored.
enum PixelLayout: Sendable {
  /// One byte a pixel.
  case grey
  /// Red, green, blue of a pixel side by side.
  case interleaved
  /// All red, then all green, then all blue.
  case planar
  /// The same with each plane column by column, as MATLAB stores it.
  case planarColumns

  /// Bytes a pixel.
  var channels: Int { self == .grey ? 1 : 3 }
}

/// Pictures of one size that lie at regular distances in a file.
struct PackedImages: Sendable {
  /// What examples of the file are called.
  let name: String
  let store: any HeldBytes
  /// Where the first picture's samples begin.
  let offset: Int
  /// Bytes from one picture's samples to the next one's.
  let stride: Int
  let count: Int
  let width: Int
  let height: Int
  let layout: PixelLayout

  /// The picture at `index`.
  func image(at index: Int) -> Image {
    precondition(index >= 0 && index < count, "picture \(index) of \(count)")
    return withExtendedLifetime(store) {
      let start = offset + index * stride
      let length = width * height * layout.channels
      let samples = unsafe UnsafeRawBufferPointer(rebasing: store.bytes[start..<start + length])
      guard let base = unsafe samples.bindMemory(to: UInt8.self).baseAddress else {
        preconditionFailure("a picture without samples")
      }
      switch layout {
      case .grey: return unsafe Image(width: width, height: height, grey: base)
      case .planar: return unsafe Image(width: width, height: height, planes: base)
      case .planarColumns: return unsafe fromColumns(base)
      case .interleaved:
        return unsafe Image(width: width, height: height) {
          unsafe $0.update(from: base, count: length)
        }
      }
    }
  }
}

extension PackedImages {
  /// A picture of three planes, each column by column.
  private func fromColumns(_ planes: UnsafePointer<UInt8>) -> Image {
    unsafe Image(width: width, height: height) { target in
      for channel in 0..<3 {
        for x in 0..<width {
          for y in 0..<height {
            unsafe target[3 * (y * width + x) + channel] = unsafe planes[
              (channel * width + x) * height + y]
          }
        }
      }
    }
  }
}

/// A split of pictures that lie in one or more files, with labels in memory.
struct PackedSplit: ImageSplit {
  /// The files in order.
  let parts: [PackedImages]
  /// One label a picture, of all parts in order.
  let classes: [Int32]

  var count: Int { classes.count }

  func image(at index: Int) throws -> Image {
    let place = locate(index)
    return place.part.image(at: place.index)
  }

  func label(at index: Int) -> Int { Int(classes[index]) }

  func exampleID(at index: Int) -> String {
    let place = locate(index)
    return "\(place.part.name):\(place.index)"
  }

  private func locate(_ index: Int) -> (part: PackedImages, index: Int) {
    var rest = index
    for part in parts {
      if rest < part.count { return (part, rest) }
      rest -= part.count
    }
    preconditionFailure("picture \(index) of \(count)")
  }
}
