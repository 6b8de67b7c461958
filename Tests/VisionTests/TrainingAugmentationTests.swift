import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Vision

struct TrainingAugmentationTests {
  @Test func boxesAreDistributedAsTorchvisions() throws {
    for golden in try #require(try VisionGoldens.cases("crops").array) {
      let (width, height) = (try golden.whole("width"), try golden.whole("height"))
      let crop = RandomResizedCrop(
        scale: try golden.range("scale"), ratio: try golden.range("ratio"))
      let count = 20000
      var sums: [String: Double] = [:]
      for index in 0..<count {
        var random = RandomStream(seed: 11, purpose: "test crop", index)
        let box = crop.box(width: width, height: height, random: &random)
        #expect(box.fits(width: width, height: height))
        let (w, h) = (Double(box.width), Double(box.height))
        sums["area", default: 0] += w * h / Double(width * height)
        sums["log_ratio", default: 0] += log(w / h)
        sums["x", default: 0] += (Double(box.x) + w / 2) / Double(width)
        sums["y", default: 0] += (Double(box.y) + h / 2) / Double(height)
        sums["is_whole_height", default: 0] += box.height == height ? 1 : 0
      }
      for (key, values) in try #require(golden["means"]?.object) {
        let mean = try #require(values[0]?.double)
        let deviation = try #require(values[1]?.double)
        // Five standard errors of the difference of two means.
        let tolerance = 5 * deviation * (2 / Double(count)).squareRoot() + 1e-9
        #expect(abs((sums[key] ?? 0) / Double(count) - mean) <= tolerance, "\(key) of \(golden)")
      }
    }
  }

  @Test func dependsOnTheStreamAlone() {
    let image = noisePicture(width: 40, height: 33)
    let jitter = ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1)
    let augmentation = TrainingAugmentation(side: 24, colourJitter: jitter)
    let first = (0..<20).map { render(augmentation, image, index: $0) }
    let again = (0..<20).reversed().map { render(augmentation, image, index: $0) }
    #expect(first == again.reversed())
    #expect(Set(first).count == 20)
  }

  @Test func mirrorsHalfOfThePictures() {
    let image = noisePicture(width: 16, height: 16)
    let whole = 1.0...1.0
    let augmentation = TrainingAugmentation(side: 16, scale: whole, ratio: whole, statistics: .none)
    let plain = image.pixels.enumerated().compactMap { $0 % 3 == 0 ? Float($1) / 255 : nil }
    var mirrored = 0
    for index in 0..<1000 {
      let red = render(augmentation, image, index: index)[..<256]
      let isPlain = zip(red, plain).allSatisfy { abs($0 - $1) < 1e-6 }
      if !isPlain {
        let rows = (0..<16).flatMap { row in red[16 * row..<16 * row + 16].reversed() }
        #expect(zip(rows, plain).allSatisfy { abs($0 - $1) < 1e-6 })
        mirrored += 1
      }
    }
    // Six standard deviations of a fair coin.
    #expect(abs(mirrored - 500) < 95)
  }

  @Test func fieldsRoundTripAndRefuse() throws {
    let jitter = ColourJitter(
      brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.2, probability: 0.8)
    let augmentation = TrainingAugmentation(
      side: 32, scale: 0.08...1, flip: false, colourJitter: jitter, interpolation: .bilinear,
      statistics: .half)
    guard case .object(var members) = augmentation.json else { return }
    members["side"] = nil
    let fields = try Fields(json: .object(members), file: "augmentation")
    #expect(try TrainingAugmentation(fields, side: 32) == augmentation)
    try fields.finish()
    for text in ["scale: [0.5, 0.1]", "scale: [0, 1]", "ratio: 3", "colour_jitter: {hue: 0.7}"] {
      expectInputError("x.yaml") {
        _ = try TrainingAugmentation(try Fields(yaml: text, file: "x.yaml"), side: 32)
      }
    }
  }
}

struct ColourTests {
  @Test func agreesWithTorchvision() throws {
    let golden = try VisionGoldens.cases("colours")
    let source = try VisionGoldens.source().cropped(try #require(golden["box"]).box())
    for change in try #require(golden["cases"]?.array) {
      let changed = adjust(source, try change.text("kind"), Float(try change.real("amount")))
      let difference = Difference(changed, try VisionGoldens.picture(change.text("expected")))
      #expect(difference.greatest == 0, "\(change): \(difference)")
    }
  }

  private func adjust(_ image: Image, _ kind: String, _ amount: Float) -> Image {
    let plane = image.width * image.height
    let levels = UnsafeMutablePointer<Float>.allocate(capacity: 3 * plane)
    defer { levels.deallocate() }
    PictureResampling(image.bounds, width: image.width, height: image.height, .bilinear)
      .render(image, into: levels)
    let colours = ColourPlanes(levels, plane: plane)
    switch kind {
    case "brightness": colours.adjustBrightness(amount)
    case "contrast": colours.adjustContrast(amount)
    case "saturation": colours.adjustSaturation(amount)
    default: colours.adjustHue(amount)
    }
    return Image(width: image.width, height: image.height, levels: levels)
  }
}

extension JSON {
  fileprivate func range(_ key: String) throws -> ClosedRange<Double> {
    let ends = try #require(self[key]?.array?.compactMap { $0.double })
    return ends[0]...ends[1]
  }
}

func render(_ augmentation: TrainingAugmentation, _ image: Image, index: Int) -> [Float] {
  var random = RandomStream(seed: 3, purpose: "test augmentation", index)
  return [Float](unsafeUninitializedCapacity: augmentation.count) { buffer, count in
    if let base = buffer.baseAddress {
      augmentation.render(image, random: &random, into: base)
    }
    count = augmentation.count
  }
}
