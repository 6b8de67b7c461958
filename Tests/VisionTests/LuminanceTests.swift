import Testing
import Vision

/// `Image.convert("L")` of Pillow 13 for the given colours.
@Suite struct LuminanceTests {
  @Test(
    arguments: [
      ([0, 0, 0], 0), ([255, 255, 255], 255), ([255, 0, 0], 76), ([0, 255, 0], 150),
      ([0, 0, 255], 29), ([1, 2, 3], 2), ([200, 100, 50], 124), ([17, 201, 99], 134),
    ] as [([UInt8], UInt8)])
  func isPillows(_ colour: [UInt8], _ level: UInt8) {
    let image = Image(width: 1, height: 1, pixels: colour)
    #expect(image.luminance.pixels == [level, level, level])
  }
}
