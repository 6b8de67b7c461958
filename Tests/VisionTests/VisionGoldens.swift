import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

/// What Pillow and torchvision make of pictures; written by `Tests/Goldens/vision.py`.
enum VisionGoldens {
  static func path(_ name: String) -> String { packageFolder + "/Tests/Goldens/vision/" + name }

  /// The list of cases under `key`.
  static func cases(_ key: String) throws -> JSON {
    try #require(JSON.parse(contentsOf: path("cases.json"))[key])
  }

  /// The picture that the cases start from.
  static func source() throws -> Image { try readImage(path("source.png")) }

  /// An expected picture.
  static func picture(_ name: String) throws -> Image {
    let array = try NumPyArray(path(name))
    try #require(array.shape.count == 3 && array.shape[2] == 3)
    return Image(
      width: array.shape[1], height: array.shape[0], pixels: array.withBytes { Array($0) })
  }
}

extension JSON {
  /// A box written as [x, y, width, height].
  func box() throws -> PixelBox {
    let numbers = try #require(array?.compactMap { $0.int })
    return PixelBox(x: numbers[0], y: numbers[1], width: numbers[2], height: numbers[3])
  }

  func text(_ key: String) throws -> String { try #require(self[key]?.string) }
  func whole(_ key: String) throws -> Int { try #require(self[key]?.int) }
  func real(_ key: String) throws -> Double { try #require(self[key]?.double) }
}

/// How far two pictures of one size are apart.
struct Difference: CustomStringConvertible {
  let greatest: Int
  /// Share of samples that differ at all.
  let share: Double

  init(_ left: Image, _ right: Image) {
    guard left.width == right.width, left.height == right.height else {
      (greatest, share) = (256, 1)
      return
    }
    let differences = zip(left.pixels, right.pixels).map { abs(Int($0) - Int($1)) }
    greatest = differences.max() ?? 0
    share = Double(differences.count { $0 > 0 }) / Double(differences.count)
  }

  var description: String { "up to \(greatest) levels, in \(share * 100) % of samples" }
}

/// Checks that `body` fails with one line that holds all of `words`.
func expectInputError(
  _ words: String..., sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) {
  let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) { try body() }
  let line = error?.errorDescription ?? ""
  #expect(!line.contains("\n"), sourceLocation: sourceLocation)
  for word in words {
    #expect(line.contains(word), "in “\(line)”", sourceLocation: sourceLocation)
  }
}
