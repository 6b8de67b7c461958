import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct ResizingTests {
  @Test func agreesWithPillow() throws {
    let source = try VisionGoldens.source()
    let cases = try #require(try VisionGoldens.cases("resizes").array)
    #expect(cases.count == 16)
    for golden in cases {
      let filter = try #require(Interpolation(rawValue: golden.text("interpolation")))
      let resized = source.resized(
        try #require(golden["box"]).box(), width: try golden.whole("width"),
        height: try golden.whole("height"), filter)
      let difference = Difference(resized, try VisionGoldens.picture(golden.text("expected")))
      #expect(difference.greatest == 0, "\(golden): \(difference)")
    }
  }

  /// Byte for byte, whatever the shapes: the order of the two passes shows in the rounding between them.
  @Test(arguments: Interpolation.allCases)
  func everyFilterAndShapeAgreesWithPillow(_ filter: Interpolation) throws {
    let goldens = try JSON.parse(
      contentsOf: packageFolder + "/Tests/Goldens/transforms/resizing.json")
    let shapes = try #require(goldens["cases"]?[filter.rawValue]?.object)
    #expect(shapes.count == 19)
    for (shape, sizes) in shapes {
      let image = try noisePicture(shape)
      for (size, hash) in try #require(sizes.object) {
        let (width, height) = try extents(size)
        let resized = image.resized(width: width, height: height, filter)
        #expect(pixelHash(resized) == hash.string, "\(shape) to \(size)")
      }
    }
  }

  @Test(arguments: Interpolation.allCases)
  func sameSizeChangesNothing(_ filter: Interpolation) {
    let image = noisePicture(width: 13, height: 9)
    #expect(image.resized(width: 13, height: 9, filter) == image)
    let box = PixelBox(x: 2, y: 1, width: 8, height: 5)
    #expect(image.resized(box, width: 8, height: 5, filter) == image.cropped(box))
  }

  @Test(arguments: Interpolation.allCases, [1, 5, 32, 77])
  func flatPicturesStayFlat(_ filter: Interpolation, _ side: Int) {
    for level in [0, 1, 127, 254, 255] {
      let pixels = [UInt8](repeating: UInt8(level), count: 30 * 20 * 3)
      let resized = Image(width: 30, height: 20, pixels: pixels)
        .resized(width: side, height: side + 1, filter)
      #expect(resized.pixels.allSatisfy { $0 == level })
    }
  }

  @Test func pixelsOutsideTheBoxHaveNoInfluence() {
    var image = noisePicture(width: 40, height: 40)
    let box = PixelBox(x: 10, y: 12, width: 17, height: 11)
    let before = image.resized(box, width: 32, height: 32, .bicubic)
    for y in 0..<40 {
      for x in 0..<40 where !(10..<27).contains(x) || !(12..<23).contains(y) {
        for channel in 0..<3 { image.pixels[3 * (40 * y + x) + channel] ^= 0xff }
      }
    }
    #expect(image.resized(box, width: 32, height: 32, .bicubic) == before)
  }

  @Test func aWindowIsAPartOfTheWhole() {
    let image = noisePicture(width: 37, height: 29)
    let whole = image.resized(width: 50, height: 44, .bicubic)
    var part = PictureResampling(image.bounds, width: 50, height: 44, .bicubic)
    part.window = PixelBox(x: 7, y: 9, width: 21, height: 30)
    let levels = UnsafeMutablePointer<Float>.allocate(capacity: 3 * 21 * 30)
    defer { levels.deallocate() }
    part.render(image, into: levels)
    #expect(Image(width: 21, height: 30, levels: levels) == whole.cropped(part.window))
    part.isMirrored = true
    part.render(image, into: levels)
    #expect(Image(width: 21, height: 30, levels: levels) == whole.cropped(part.window).flipped())
  }

  @Test func flippingTwiceChangesNothing() {
    let image = noisePicture(width: 11, height: 4)
    #expect(image.flipped() != image)
    #expect(image.flipped().flipped() == image)
    #expect(image.flipped().pixels[0..<3] == image.pixels[30..<33])
  }
}
