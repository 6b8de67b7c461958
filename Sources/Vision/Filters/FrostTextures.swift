import Foundation
import Support

/// Pictures of frost that are laid over others: drawn ones, or those of a folder.
package final class FrostTextures: Sendable, Hashable {
  /// What tells these from others in a report, such as `frost-3f2a91c0`; nil for the drawn ones.
  package let id: String?
  private let textures: [Image]
  private let small: [Image]

  /// What CIFAR's scripts reduce their pictures of frost to, as a share of the side.
  private static let reduction = 5

  private init(id: String?, _ textures: [Image]) {
    self.id = id
    self.textures = textures
    small = textures.map { texture in
      // OpenCV's linear resize by exactly 0.2 takes the middle one of five.
      let (width, height) = (
        max(1, texture.width / Self.reduction), max(1, texture.height / Self.reduction)
      )
      return unsafe Image(width: width, height: height) { target in
        for place in 0..<width * height {
          let x = min(Self.reduction * (place % width) + 2, texture.width - 1)
          let y = min(Self.reduction * (place / width) + 2, texture.height - 1)
          for channel in 0..<3 {
            unsafe target[3 * place + channel] =
              texture.pixels[3 * (y * texture.width + x) + channel]
          }
        }
      }
    }
  }

  /// Those that are drawn: five, the same on every machine; they repeat beyond their borders.
  package static let drawn = FrostTextures(id: nil, FrostDrawing.all())

  /// The pictures of a folder, in the order of their names.
  /// - Throws: `InputError` when there is none, or one cannot be read.
  package convenience init(folder: String) throws {
    let names = try listFolder(folder).map { $0.name }
      .filter { pictureEndings.contains($0.fileEnding.lowercased()) }
    guard !names.isEmpty else {
      throw InputError(folder, "holds no pictures of frost", "give a folder with PNG or JPEG files")
    }
    let textures = try names.map { try readImage(folder + "/" + $0) }
    var hash = SHA256()
    for texture in textures {
      hash.update("\(texture.width) \(texture.height) ")
      unsafe texture.pixels.withUnsafeBytes { unsafe hash.update($0) }
    }
    self.init(id: "frost-" + hash.hex().prefix(8), textures)
  }

  /// How many there are.
  package var count: Int { textures.count }

  /// A texture, reduced for pictures of CIFAR's size.
  func texture(_ index: Int, _ generator: CorruptionGenerator) -> Image {
    generator == .cifar ? small[index] : textures[index]
  }

  package static func == (left: FrostTextures, right: FrostTextures) -> Bool { left.id == right.id }
  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
