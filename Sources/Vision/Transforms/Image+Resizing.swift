extension Image {
  /// The picture resized; the same filter and rounding as Pillow's `Image.resize`.
  package func resized(width: Int, height: Int, _ interpolation: Interpolation) -> Image {
    resized(bounds, width: width, height: height, interpolation)
  }

  /// The part of the picture in `box`, resized; pixels outside the box have no influence.
  package func resized(
    _ box: PixelBox, width: Int, height: Int, _ interpolation: Interpolation
  ) -> Image {
    let plane = width * height
    let levels = UnsafeMutablePointer<Float>.allocate(capacity: 3 * plane)
    defer { unsafe levels.deallocate() }
    unsafe PictureResampling(box, width: width, height: height, interpolation).render(
      self, into: levels)
    return unsafe Image(width: width, height: height, levels: levels)
  }

  /// The part of the picture in `box`.
  package func cropped(_ box: PixelBox) -> Image {
    precondition(
      box.fits(width: width, height: height), "\(box) is not inside \(width)×\(height) pixels")
    return unsafe pixels.withUnsafeBufferPointer { source in
      unsafe Image(width: box.width, height: box.height) { target in
        guard let base = source.baseAddress else { return }
        for y in 0..<box.height {
          let row = unsafe base + 3 * ((box.y + y) * width + box.x)
          unsafe (target + 3 * y * box.width).update(from: row, count: 3 * box.width)
        }
      }
    }
  }

  /// The picture mirrored left to right.
  package func flipped() -> Image {
    unsafe pixels.withUnsafeBufferPointer { source in
      unsafe Image(width: width, height: height) { target in
        for y in 0..<height {
          for x in 0..<width {
            let from = 3 * (y * width + width - 1 - x)
            let to = 3 * (y * width + x)
            for channel in 0..<3 { unsafe target[to + channel] = unsafe source[from + channel] }
          }
        }
      }
    }
  }

  /// A picture from three planes of whole numbers in 0…255.
  package init(width: Int, height: Int, levels: UnsafePointer<Float>) {
    let plane = width * height
    unsafe self.init(width: width, height: height) { target in
      for pixel in 0..<plane {
        for channel in 0..<3 {
          unsafe target[3 * pixel + channel] = unsafe UInt8(levels[channel * plane + pixel])
        }
      }
    }
  }
}
