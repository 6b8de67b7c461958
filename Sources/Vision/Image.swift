import Foundation

/// A picture of 8-bit RGB samples.
package struct Image: Sendable, Equatable {
  /// Number of columns.
  package let width: Int
  /// Number of rows.
  package let height: Int
  /// `height × width × 3` samples: rows from the top, in a row pixel after pixel, red first.
  package var pixels: [UInt8]

  /// A picture with the given samples, of which there must be `width × height × 3`.
  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3,
      "\(pixels.count) samples for a picture of \(width)×\(height)×3")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// A picture whose `width × height × 3` samples are written by `fill`.
  package init(
    width: Int, height: Int, filledBy fill: (UnsafeMutablePointer<UInt8>) throws -> Void
  ) rethrows {
    let count = width * height * 3
    let pixels = try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { try unsafe fill(base) }
      initialized = count
    }
    self.init(width: width, height: height, pixels: pixels)
  }

  /// A grey picture: each of the `width × height` values becomes red, green and blue.
  package init(width: Int, height: Int, grey: UnsafePointer<UInt8>) {
    unsafe self.init(width: width, height: height) { target in
      for pixel in 0..<width * height {
        unsafe target[3 * pixel] = unsafe grey[pixel]
        unsafe target[3 * pixel + 1] = unsafe grey[pixel]
        unsafe target[3 * pixel + 2] = unsafe grey[pixel]
      }
    }
  }

  /// A picture stored as three planes (red, green, blue) of `width × height` values.
  package init(width: Int, height: Int, planes: UnsafePointer<UInt8>) {
    let plane = width * height
    unsafe self.init(width: width, height: height) { target in
      for pixel in 0..<plane {
        unsafe target[3 * pixel] = unsafe planes[pixel]
        unsafe target[3 * pixel + 1] = unsafe planes[plane + pixel]
        unsafe target[3 * pixel + 2] = unsafe planes[2 * plane + pixel]
      }
    }
  }

  /// The same size for a rectangle that is the whole picture.
  package var bounds: PixelBox { PixelBox(x: 0, y: 0, width: width, height: height) }
}

/// A rectangle of whole pixels; `x` and `y` are its left and top.
package struct PixelBox: Sendable, Equatable {
  /// First column.
  package var x: Int
  /// First row.
  package var y: Int
  /// Number of columns.
  package var width: Int
  /// Number of rows.
  package var height: Int

  /// The rectangle with the given corner and size.
  package init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
  }

  /// Whether the rectangle is not empty and lies in a picture of the given size.
  package func fits(width outerWidth: Int, height outerHeight: Int) -> Bool {
    x >= 0 && y >= 0 && width > 0 && height > 0 && x <= outerWidth - width
      && y <= outerHeight - height
  }
}
