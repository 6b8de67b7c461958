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
      odd(.squash(width: .pixels(40), height: .pixels(33))), odd(.longSide(.ratio(0.9))),
      odd(.shortSideWithin(.pixels(30), atMost: 50)), odd(.none), odd(.shortSide(.pixels(256))),
      odd(.squash(width: .ratio(0.8), height: .ratio(0.8))),
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

  private func odd(_ resize: Preprocessing.Resize) -> Preprocessing {
    var result = Preprocessing(side: 32, resize: resize, interpolation: .lanczos)
    result.margins = .down
    result.fill = [1, 2, 255]
    result.white = 255
    return result
  }

  /// Folders of earlier versions say only this.
  @Test func readsOldFolders() throws {
    let text =
      "side: 224\ncrop_ratio: 0.9\ninterpolation: bilinear\nmean: [0, 0, 0]\nstd: [1, 1, 1]"
    let fields = try Fields(yaml: text, file: "x.yaml")
    let read = try Preprocessing(fields, default: Preprocessing(side: 7))
    #expect(
      read
        == Preprocessing(side: 224, cropRatio: 0.9, interpolation: .bilinear, statistics: .none))
  }

  @Test func smallSidesSeeWholePictures() {
    #expect(Preprocessing.standard(side: 32).view == "short side to 32 px (bicubic), centre 32×32")
    #expect(Preprocessing.standard(side: 127).view.hasPrefix("short side to 127 px"))
    #expect(Preprocessing.standard(side: 128).view.hasPrefix("short side to 146 px"))
    let squash = Preprocessing.Resize.squash(width: .pixels(40), height: .pixels(40))
    let cut = Preprocessing(side: 32, resize: squash).wholeWhenSmall
    #expect(cut.view == "squashed to 32×32 (bicubic), whole")
  }

  @Test func lengthsGrowWithTheSide() {
    #expect(Preprocessing(side: 224, cropRatio: 0.9).with(side: 384).view.contains("426 px"))
    #expect(
      Preprocessing(side: 224, resize: .shortSide(.pixels(256))).with(side: 448).view
        .contains("512 px"))
  }

  /// What lies beside a small picture has the colour that is asked for.
  @Test func fillsWhatIsSmaller() {
    var transform = Preprocessing(side: 9, resize: .none, statistics: .none)
    transform.fill = [10, 20, 30]
    let image = noisePicture(width: 4, height: 12)
    let seen = transform.preview(image)
    for y in 0..<9 {
      for x in 0..<9 {
        let pixel = Array(seen.pixels[3 * (9 * y + x)..<3 * (9 * y + x) + 3])
        // (9 − 4) / 2 to the left, and (12 − 9) / 2 = 1.5 rounded to even above.
        let inside = (2..<6).contains(x)
        let place = 3 * (4 * (y + 2) + x - 2)
        #expect(pixel == (inside ? Array(image.pixels[place..<place + 3]) : [10, 20, 30]))
      }
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
