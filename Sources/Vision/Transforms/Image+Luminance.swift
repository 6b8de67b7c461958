extension Image {
  /// The luminance as a grey picture: Pillow's `convert("L")`, `(19595 R + 38470 G + 7471 B + 32768) / 65536`.
  package var luminance: Image {
    unsafe Image(width: width, height: height) { target in
      unsafe pixels.withUnsafeBufferPointer { source in
        for place in stride(from: 0, to: source.count, by: 3) {
          let red = unsafe 19595 * UInt32(source[place])
          let green = unsafe 38470 * UInt32(source[place + 1])
          let blue = unsafe 7471 * UInt32(source[place + 2])
          let level = UInt8(truncatingIfNeeded: (red + green + blue + 0x8000) >> 16)
          unsafe target[place] = level
          unsafe target[place + 1] = level
          unsafe target[place + 2] = level
        }
      }
    }
  }
}

extension Image {
  /// Renders the picture for a network of three channels, or of one, which is the luminance.
  ///
  /// - Parameters:
  ///   - channels: 3, or 1.
  ///   - side: of the input.
  ///   - target: receives `[channels, side, side]`.
  ///   - transform: writes the three planes of a picture, `[3, side, side]`.
  package func render(
    channels: Int, side: Int, into target: UnsafeMutablePointer<Float>,
    by transform: (Image, UnsafeMutablePointer<Float>) -> Void
  ) {
    guard channels == 1 else { return unsafe transform(self, target) }
    let plane = side * side
    let planes = UnsafeMutablePointer<Float>.allocate(capacity: 3 * plane)
    defer { unsafe planes.deallocate() }
    unsafe transform(luminance, planes)
    unsafe target.update(from: planes, count: plane)
  }
}
