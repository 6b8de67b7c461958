import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

@testable import Checkpoints

/// Tables of positions at other sides, against the authors' code in PyTorch (Tests/Goldens/transforms.py).
@Suite struct PositionTests {
  @Test(arguments: [
    ("offset", PositionResampling.offset), ("antialiased", .antialiased), ("plain", .plain),
    ("aligned", .aligned),
  ])
  func resamplesAsTheAuthorsDo(_ name: String, _ resampling: PositionResampling) throws {
    let path = packageFolder + "/Tests/Goldens/transforms/positions.json"
    let cases = try #require(try JSON.parse(contentsOf: path)[name]?.object)
    #expect(cases.count == 7)
    for (sides, expected) in cases {
      let numbers = sides.split(separator: "-").compactMap { Int($0) }
      let (from, to) = (numbers[0], numbers[1])
      let table = (0..<from * from).map { Float(sin(1 + Double($0) + Double($0 * $0))) }
      let made = resampling.resample(table, prefix: 0, from: from, to: to, width: 1)
      for (ours, theirs) in zip(made, try #require(expected.array)) {
        #expect(abs(Double(ours) - (try #require(theirs.double))) < 1e-4, "\(name), \(sides)")
      }
    }
  }

  /// A folder of the golden with settings of its own.
  private func error(_ change: (inout [String: JSON]) -> Void) throws -> String {
    let folder = TemporaryFolder()
    let golden = CheckpointGoldens.path("hf_vit")
    try FileManager.default.copyItem(
      atPath: golden + "/model.safetensors", toPath: folder.file("model.safetensors"))
    var config = try #require(try JSON.parse(contentsOf: golden + "/config.json").object)
    change(&config)
    try Data(JSON.object(config).text(pretty: true).utf8)
      .write(to: URL(fileURLWithPath: folder.file("config.json")))
    do {
      _ = try CheckpointReading(folder.path)
      return ""
    } catch { return (error as? InputError)?.errorDescription ?? "\(error)" }
  }

  /// SigLIP's 384 pixels in patches of 14: 27×27 patches see 378 of them, as the convolution leaves the rest.
  @Test func aRestThatNoPatchFillsIsMadeAndNotSeen() throws {
    let folder = TemporaryFolder()
    let golden = CheckpointGoldens.path("hf_siglip")
    try FileManager.default.copyItem(
      atPath: golden + "/model.safetensors", toPath: folder.file("model.safetensors"))
    for (name, key) in [("config.json", "image_size"), ("preprocessor_config.json", "size")] {
      var members = try #require(try JSON.parse(contentsOf: golden + "/" + name).object)
      members[key] = key == "size" ? ["height": 18, "width": 18] : 18
      try Data(JSON.object(members).text(pretty: true).utf8)
        .write(to: URL(fileURLWithPath: folder.file(name)))
    }
    let transform = try CheckpointReading(folder.path).plan.preprocessing
    #expect(
      transform.view
        == "squashed to 18×18 (bicubic), whole, less 2 px to the right and below")
    let picture = noisePicture(width: 61, height: 47)
    let whole = picture.resized(width: 18, height: 18, .bicubic)
    #expect(
      transform.preview(picture) == whole.cropped(PixelBox(x: 0, y: 0, width: 16, height: 16)))
  }

  /// 16 positions are 4×4 patches, and 8×2 too, which only the settings tell.
  @Test func refusesRectangles() throws {
    #expect(try error { _ in } == "")
    #expect(try error { $0["image_size"] = [16, 16] } == "")
    for size: JSON in [[32, 8], [8, 32]] {
      let line = try error { $0["image_size"] = size }
      #expect(line.contains("'image_size' is [") && line.contains("rectangle"), "\(line)")
    }
    #expect(try error { $0["image_size"] = 32 }.contains("says an input of 32×32, its positions"))
    for wrong: JSON in [0, -16, "16", 1e300, [16, 16, 16], []] {
      #expect(try error { $0["image_size"] = wrong }.contains("'image_size'"))
    }
    let timm = try error {
      $0["image_size"] = nil
      $0["model_args"] = ["img_size": [32, 8]]
    }
    #expect(timm.contains("'img_size' is [32,8]"), "\(timm)")
  }
}
