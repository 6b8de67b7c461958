import Support

/// A window with frost before the picture.
///
/// The published scripts lay photographs over the picture; here the frost is drawn, or taken from a folder that
/// is given, and a report says which.
enum Frost: Corruption {
  static let kind = "frost"
  static let summary = "frost on a window (drawn, or from pictures of frost that are given)"

  /// The weights of the picture and of the frost.
  static func weights(_ setting: CorruptionSetting) -> (picture: Float, frost: Float) {
    switch setting.generator {
    case .cifar: [(1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)][setting.index]
    case .imageNet: [(1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)][setting.index]
    }
  }

  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image {
    let texture = setting.frost.texture(
      random.below(setting.frost.count), setting.generator)
    // Where a texture is smaller than the picture it begins anew beyond its border.
    let places = (
      x: random.below(
        max(1, setting.frost.id == nil ? texture.width : texture.width - image.width)),
      y: random.below(
        max(1, setting.frost.id == nil ? texture.height : texture.height - image.height))
    )
    return cover(image, texture, at: places, weights(setting))
  }

  /// A part of the texture laid over the picture.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - texture: the frost.
  ///   - place: the part's left and top.
  ///   - weights: of picture and frost.
  /// - Returns: the spoilt picture.
  static func cover(
    _ image: Image, _ texture: Image, at place: (x: Int, y: Int),
    _ weights: (picture: Float, frost: Float)
  ) -> Image {
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe texture.pixels.withUnsafeBufferPointer { frost in
        unsafe Image(width: image.width, height: image.height) { target in
          for y in 0..<image.height {
            let row = (place.y + y) % texture.height * texture.width
            for x in 0..<image.width {
              let from = 3 * (row + (place.x + x) % texture.width)
              let to = 3 * (y * image.width + x)
              for channel in 0..<3 {
                unsafe target[to + channel] = unsafe level(
                  weights.picture * Float(pixels[to + channel])
                    + weights.frost * Float(frost[from + channel]), LevelRounding.down.shift)
              }
            }
          }
        }
      }
    }
  }
}
