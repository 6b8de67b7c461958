import Encoders
import Support
import Tensors
import Testing

@Suite struct EncoderCatalogTests {
  /// Parameter counts of the published sizes without a classifier (timm 1.0).
  @Test(
    arguments: zip(
      [
        "vit-tiny/16@224", "vit-small/16@224", "vit-base/16@224", "vit-large/16@224",
        "vit-huge/14@224",
      ],
      [5_524_416, 21_665_664, 85_798_656, 303_301_632, 630_764_800]))
  func publishedSizes(name: String, count: Int) throws {
    let model = try VisionTransformer(named: name)
    #expect(model.parameters.parameterCount == count)
  }

  @Test(arguments: [
    "vit-tiny", "vit-tiny/4", "vit-tiny@32", "vit-tiny/4@", "vit-tiny/4@x", "vit-tiny/0@32",
    "vit-tiny/-4@32", "vit-tiny/5@32", "vit-tiny/4@-32", "vit-tiny/1@4096",
    "vit-tiny/4@99999999999",
    "vit-tiny/4/4@32", "vit-tiny/4@32@32", "", "@", "/", "tiny/4@32",
  ])
  func badNamesAreRefused(name: String) {
    #expect(throws: InputError.self) { try VisionTransformer(named: name) }
  }

  @Test func theNearestNameIsSuggested() {
    #expect { try VisionTransformer(named: "vit-tny/4@32") } throws: { error in
      (error as? InputError)?.remedy.contains("vit-tiny") ?? false
    }
  }

  /// Same seed, same weights; the table of positions is drawn by nobody.
  @Test func initialisationIsAFunctionOfTheSeed() throws {
    let weights = try [UInt64(1), 1, 2].map { seed -> [Float] in
      let encoder = try EncoderCatalog.make("vit-tiny/16@32", seed: seed)
      let parameter = try #require(encoder.parameters["blocks.3.mlp.fc1.weight"])
      return Array(UnsafeBufferPointer(start: parameter.data, count: parameter.count))
    }
    #expect(weights[0] == weights[1] && weights[0] != weights[2])
    // Xavier-uniform: bound √(6 / (192 + 768)), mean square a third of its square.
    let bound = Float(6.0 / 960).squareRoot()
    #expect(weights[0].allSatisfy { abs($0) <= bound })
    let squares = weights[0].map { Double($0) * Double($0) }.reduce(0, +)
    let expected = Double(bound * bound) / 3 * Double(weights[0].count)
    #expect(abs(squares / expected - 1) < 0.02)
  }
}
