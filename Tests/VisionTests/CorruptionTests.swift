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
      let spoilt = try setting.apply(to: image, id: "a")
      #expect(spoilt.width == image.width && spoilt.height == image.height)
      #expect(try setting.apply(to: image, id: "a") == spoilt)
      // Too little water for a drop leaves a picture of CIFAR's size as it was.
      #expect(spoilt != image || kind == "spatter" && generator == .cifar)
      distances.append(
        zip(spoilt.pixels, image.pixels).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) })
    }
    // The published parameters of some kinds are not monotone, and chance has a say in others.
    let isMonotone = [
      "gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "gaussian_blur",
      "defocus_blur", "contrast", "brightness",
    ]
    if isMonotone.contains(kind) {
      #expect(distances == distances.sorted())
    } else if kind != "spatter" {
      #expect(distances.allSatisfy { $0 > 0 })
    }
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
      let values = try (0..<8).flatMap { try setting.apply(to: grey(128), id: "\($0)").pixels }
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

  @Test func corruptedSplitsKeepEverythingButPixels() throws {
    let setting = try CorruptionSetting(kind: "gaussian_noise", severity: 4, generator: .cifar)
    let split = CorruptedSplit(Self.scenes, setting)
    #expect(split.ids == Self.scenes.ids && split.labels == Self.scenes.labels)
    let sample = try split.sample(at: 7)
    #expect(sample.annotation == Self.scenes.annotation(at: 7))
    #expect(sample.image == (try split.image(at: 7)) && sample.image != Self.scenes.image(at: 7))
    #expect(sample.image == (try setting.apply(to: Self.scenes.image(at: 7), id: "test:7")))
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

  @Test func aPictureSmallerThanAFilterIsRefused() throws {
    for (kind, side) in [("gaussian_blur", 25), ("defocus_blur", 11), ("motion_blur", 21)] {
      let setting = try CorruptionSetting(kind: kind, severity: 5, generator: .imageNet)
      _ = try setting.apply(to: grey(90, side: side), id: "a")
      #expect {
        try setting.apply(to: grey(90, side: side - 1), id: "a")
      } throws: {
        let line = ($0 as? InputError)?.errorDescription ?? ""
        return line.hasPrefix("a: \(side - 1)×\(side - 1) pixels are too few for \(kind) 5")
          && line.contains("cifar-c-math@1")
      }
    }
  }

  @Test func fifteenKindsAreAveragedAndFourAreNot() {
    #expect(allCorruptions.count == 19)
    #expect(
      allCorruptions.filter { $0.isExtra }.map { $0.kind }.sorted()
        == ["gaussian_blur", "saturate", "spatter", "speckle_noise"])
    #expect(Set(allCorruptions.map { $0.kind }).count == 19)
  }

  @Test func frostOfAFolderHasAnIdOfItsOwn() throws {
    let folder = TemporaryFolder()
    #expect(throws: InputError.self) { try FrostTextures(folder: folder.path) }
    try AtomicFile.write(encodePNG(grey(250)), to: folder.file("ice.png"))
    let given = try FrostTextures(folder: folder.path)
    func setting(_ frost: FrostTextures, _ kind: String = "frost") throws -> CorruptionSetting {
      try CorruptionSetting(kind: kind, severity: 1, generator: .imageNet, frost: frost)
    }
    let (drawn, own) = (try setting(.drawn), try setting(given))
    #expect(drawn != own && drawn.generatorID == "imagenet-c-math@1")
    #expect(own.generatorID.hasPrefix("imagenet-c-math@1+frost-") && own.generatorID.count == 32)
    #expect(try setting(given, "fog").generatorID == "imagenet-c-math@1")
    // 1 · 100 + 0.4 · 250.
    #expect(try own.apply(to: grey(100, side: 32), id: "a") == grey(200, side: 32))
    #expect(try drawn.apply(to: grey(100, side: 32), id: "a") != grey(200, side: 32))
  }

  @Test func normalDrawsAreNormal() {
    var random = RandomStream(seed: 1, purpose: "test")
    let count = 200_000
    var draws = [Float](repeating: 0, count: count)
    draws.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { random.fillNormal(base, count) }
    }
    let sorted = draws.sorted().map { Double($0) }
    // The largest distance of the two distributions, at the 0.1 % point of Kolmogorov's: 1.95 / √n.
    let distance = sorted.enumerated().reduce(0.0) { worst, draw in
      max(
        worst,
        abs(0.5 * erfc(-draw.element / 2.0.squareRoot()) - Double(draw.offset) / Double(count)))
    }
    #expect(distance < 1.95 / Double(count).squareRoot())
    // The tail beyond the last layer, 3.654: 51.6 draws in 200,000; five deviations of a count.
    let beyond = Double(draws.count { abs($0) > 3.654_152_9 })
    #expect(abs(beyond - 51.6) < 5 * 51.6.squareRoot())
  }

  @Test func theGeneratorFollowsTheSize() {
    #expect(CorruptionGenerator(suiting: grey(0, side: 40)) == .cifar)
    #expect(CorruptionGenerator(suiting: grey(0, side: 41)) == .imageNet)
    #expect(CorruptionGenerator.cifar.parts == ("cifar-c-math", 1))
  }
}
