import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct PreprocessingTests {
  @Test func agreesWithTorchvision() throws {
    let source = try VisionGoldens.source()
    for golden in try #require(try VisionGoldens.cases("preprocessing").array) {
      let image = source.cropped(try #require(golden["box"]).box())
      // The upright picture is the left part of the source.
      let upright = golden["expected"]?.string?.contains("portrait") == true
      let picture =
        upright ? image.cropped(PixelBox(x: 0, y: 0, width: 29, height: 47)) : image
      let preprocessing = Preprocessing(
        side: try golden.whole("side"), cropRatio: try golden.real("crop_ratio"),
        interpolation: try #require(Interpolation(rawValue: golden.text("interpolation"))))
      let difference = Difference(
        preprocessing.preview(picture), try VisionGoldens.picture(golden.text("expected")))
      #expect(difference.greatest == 0, "\(golden): \(difference)")
    }
  }

  @Test func normalisesAsTorchvision() throws {
    let golden = try VisionGoldens.cases("normalised")
    let picture = try VisionGoldens.source().cropped(try #require(golden["box"]).box())
    let expected = try #require(golden["values"]?.array).compactMap { $0.double }
    let preprocessing = Preprocessing(side: 8, cropRatio: 1)
    let rendered = render(preprocessing, picture)
    #expect(rendered.count == expected.count)
    // One rounding more or less than torchvision on values up to 3.
    for (ours, theirs) in zip(rendered, expected) { #expect(abs(Double(ours) - theirs) < 1e-6) }
  }

  @Test func jsonRoundTrip() throws {
    let all = [
      Preprocessing(side: 224), Preprocessing(side: 32, cropRatio: 1, statistics: .half),
      Preprocessing(
        side: 28, cropRatio: 0.9, interpolation: .bilinear,
        statistics: PixelStatistics(
          mean: [0.4914, 0.4822, 0.4465], deviation: [0.247, 0.243, 0.26])
      ),
    ]
    for preprocessing in all {
      let fields = try Fields(json: preprocessing.json, file: "preprocessing")
      #expect(try Preprocessing(fields, default: Preprocessing(side: 7)) == preprocessing)
      try fields.finish()
    }
    #expect(Preprocessing(side: 224).json["mean"] == [0.485, 0.456, 0.406])
    expectInputError("x.yaml", "std") {
      let fields = try Fields(yaml: "std: [1, 0, 1]", file: "x.yaml")
      _ = try Preprocessing(fields, default: Preprocessing(side: 7))
    }
  }

  @Test func anyThreadRendersTheSame() {
    let pictures = (0..<8).map {
      noisePicture(width: 20 + 9 * $0, height: 47 - $0, seed: 1 + UInt64($0))
    }
    let preprocessing = Preprocessing(side: 24)
    let expected = pictures.map { render(preprocessing, $0) }
    DispatchQueue.concurrentPerform(iterations: 64) { index in
      #expect(render(preprocessing, pictures[index % 8]) == expected[index % 8])
    }
  }
}

func render(_ preprocessing: Preprocessing, _ image: Image) -> [Float] {
  [Float](unsafeUninitializedCapacity: preprocessing.count) { buffer, count in
    if let base = buffer.baseAddress { preprocessing.render(image, into: base) }
    count = preprocessing.count
  }
}
