import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Vision

/// What every corruption promises, and the arithmetic of each.
struct CorruptionTests {
  private static let scenes = SceneSplit(
    generator: SceneGenerator(side: 32, seed: 0), name: "test", count: 40)

  private func grey(_ level: UInt8, side: Int = 64) -> Image {
    Image(width: side, height: side, pixels: [UInt8](repeating: level, count: side * side * 3))
  }

  @Test(arguments: allCorruptions.map { $0.kind }, CorruptionGenerator.allCases)
  func everyCorruptionKeepsItsPromises(kind: String, generator: CorruptionGenerator) throws {
    let image = Self.scenes.image(at: 3)
    var distances: [Double] = []
    for severity in CorruptionSetting.severities {
      let setting = try CorruptionSetting(kind: kind, severity: severity, generator: generator)
      let spoilt = setting.apply(to: image, id: "a")
      #expect(spoilt.width == image.width && spoilt.height == image.height)
      #expect(spoilt != image && setting.apply(to: image, id: "a") == spoilt)
      distances.append(
        zip(spoilt.pixels, image.pixels).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) })
    }
    // True of noise; a corruption whose published parameters are not monotone would say so here.
    #expect(distances == distances.sorted())
  }

  @Test func drawsDependOnSeedKindSeverityAndPicture() throws {
    let image = grey(128)
    func noise(_ severity: Int = 2, seed: UInt64 = 0, id: String = "a") throws -> Image {
      try CorruptionSetting(
        kind: "gaussian_noise", severity: severity, generator: .cifar, seed: seed
      ).apply(to: image, id: id)
    }
    let base = try noise()
    #expect(try noise(seed: 1) != base && noise(id: "b") != base)
    // Another severity has other draws, not the same scaled.
    func signs(_ image: Image) -> [Bool] { image.pixels.map { $0 > 127 } }
    let differing = zip(signs(base), signs(try noise(3))).count { $0 != $1 }
    #expect(differing > image.pixels.count / 3)
  }

  /// The tables of Hendrycks and Dietterich's scripts, measured on a grey that noise seldom leaves.
  @Test(arguments: [
    (CorruptionGenerator.cifar, [0.04, 0.06, 0.08, 0.09, 0.10]),
    (.imageNet, [0.08, 0.12, 0.18, 0.26, 0.38]),
  ])
  func noiseHasThePublishedDeviation(
    generator: CorruptionGenerator, published: [Double]
  ) throws {
    for (index, deviation) in published.enumerated() {
      let setting = try CorruptionSetting(
        kind: "gaussian_noise", severity: index + 1, generator: generator)
      let values = (0..<8).flatMap { setting.apply(to: grey(128), id: "\($0)").pixels }
        .map { Double($0) }
      // Of a normal distribution the quantiles at ±1 deviation, which the cut at 0 and 255 leaves alone.
      let sorted = values.sorted()
      let low = sorted[Int(0.158_655 * Double(sorted.count))]
      let high = sorted[Int(0.841_345 * Double(sorted.count))]
      let measured = (high - low) / 2 / 255
      // 98,304 draws: the standard error of the two quantiles is 0.5 % of σ; levels are 1/255 wide.
      #expect(abs(measured - deviation) < 0.015 * deviation + 0.5 / 255, "\(measured)")
      guard deviation <= 0.12 else { continue }
      let mean = values.reduce(0, +) / Double(values.count)
      // Truncation lowers the mean by half a level.
      #expect(abs(mean - 127.5) < 4 * 255 * deviation / Double(values.count).squareRoot() + 0.01)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
      #expect(abs(variance.squareRoot() / 255 - deviation) < 0.02 * deviation)
    }
  }

  /// `python3 Tests/Goldens/generate.py corruptions`: NumPy's arithmetic on the draws that the file holds.
  @Test(arguments: CorruptionGenerator.allCases)
  func noiseIsNumPysOnTheSameDraws(generator: CorruptionGenerator) throws {
    let golden = try Golden("corruptions")
    let name = generator.parts.name
    let pixels = golden.tensor("pixels", in: name)
    let (height, width) = (pixels.shape[0], pixels.shape[1])
    let image = Image(width: width, height: height, pixels: pixels.array.map { UInt8($0) })
    for severity in CorruptionSetting.severities {
      let draws = golden.tensor("draws_\(severity)", in: name).array
      var next = draws.makeIterator()
      let deviation = GaussianNoise.deviation(severity: severity, generator: generator)
      let spoilt = GaussianNoise.add(deviation, to: image) { next.next() ?? .nan }
      let expected = golden.tensor("output_\(severity)", in: name).array.map { UInt8($0) }
      #expect(spoilt.pixels == expected, "severity \(severity)")
    }
  }

  @Test func corruptedSplitsKeepEverythingButPixels() throws {
    let setting = try CorruptionSetting(kind: "gaussian_noise", severity: 4, generator: .cifar)
    let split = CorruptedSplit(Self.scenes, setting)
    #expect(split.ids == Self.scenes.ids && split.labels == Self.scenes.labels)
    let sample = try split.sample(at: 7)
    #expect(sample.annotation == Self.scenes.annotation(at: 7))
    #expect(sample.image == (try split.image(at: 7)) && sample.image != Self.scenes.image(at: 7))
    #expect(sample.image == setting.apply(to: Self.scenes.image(at: 7), id: "test:7"))
  }

  @Test func unknownKindsAndSeveritiesAreRefused() {
    #expect {
      try CorruptionSetting(kind: "gausian_noise", severity: 1, generator: .cifar)
    } throws: {
      ($0 as? InputError)?.errorDescription?.contains("did you mean 'gaussian_noise'?") == true
    }
    for severity in [0, 6] {
      #expect(throws: InputError.self) {
        try CorruptionSetting(kind: "gaussian_noise", severity: severity, generator: .cifar)
      }
    }
  }

  @Test func theGeneratorFollowsTheSize() {
    #expect(CorruptionGenerator(suiting: grey(0, side: 40)) == .cifar)
    #expect(CorruptionGenerator(suiting: grey(0, side: 41)) == .imageNet)
    #expect(CorruptionGenerator.cifar.parts == ("cifar-c-math", 1))
  }
}
