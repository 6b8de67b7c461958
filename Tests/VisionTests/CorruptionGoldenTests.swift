import Support
import Tensors
import TestSupport
import Testing

@testable import Vision

/// Corruptions against NumPy, SciPy, scikit-image, OpenCV and Pillow: `Tests/Goldens/generate.py corruptions
/// corruption_statistics`.
struct CorruptionGoldenTests {
  /// The picture of `reference/corruptions.py`: ramps, edges, flat black and white, and texture.
  static func picture(shift: Int = 0) -> Image {
    let (width, height) = (40, 33)
    return Image(width: width, height: height) { target in
      for y in 0..<height {
        for x in 0..<width {
          for channel in 0..<3 {
            let ramp = 5 * x + 3 * y * (channel + 1) + 60 * ((x / 8 + y / 5) % 3)
            let texture = (31 * x * x + 17 * y * y + 7 * x * y * channel) % 23
            var level = UInt8((ramp + texture + shift) % 256)
            if x < 5 { level = 0 }
            if y >= height - 4 { level = 255 }
            target[3 * (y * width + x) + channel] = level
          }
        }
      }
    }
  }

  /// The draws that the goldens were made with.
  private struct Draws {
    var stream: RandomStream

    init(_ setting: CorruptionSetting) {
      stream = RandomStream(seed: 0, purpose: "golden \(setting.kind)", setting.severity)
    }

    mutating func bits(_ count: Int) -> [UInt64] { (0..<count).map { _ in stream.next() } }
    mutating func uniforms(_ count: Int) -> [Float] {
      (0..<count).map { _ in stream.uniform(-1, 1) }
    }
    mutating func normals(_ count: Int) -> [Float] {
      (0..<count).map { _ in
        let (a, b, c) = (stream.uniform(-1, 1), stream.uniform(-1, 1), stream.uniform(-1, 1))
        return (a + b) + c
      }
    }
  }

  /// The corruption of the picture on the goldens' draws.
  private func spoilt(_ setting: CorruptionSetting) throws -> Image {
    let image = Self.picture()
    let (samples, area) = (image.pixels.count, image.width * image.height)
    var draws = Draws(setting)
    switch setting.kind {
    case GaussianNoise.kind:
      return GaussianNoise.add(
        GaussianNoise.deviation(setting), to: image, draws: draws.normals(samples))
    case SpeckleNoise.kind:
      return SpeckleNoise.multiply(
        SpeckleNoise.deviation(setting), image, draws: draws.normals(samples))
    case ShotNoise.kind: return ShotNoise.count(setting, image, draws: draws.bits(samples))
    case ImpulseNoise.kind:
      return ImpulseNoise.replace(
        ImpulseNoise.share(setting), of: image, draws: draws.bits(samples))
    case GlassBlur.kind:
      let strength = GlassBlur.strength(setting)
      return GlassBlur.shatter(image, strength, draws: draws.bits(area * strength.rounds))
    case MotionBlur.kind:
      return MotionBlur.move(image, setting, angle: 45 * Double(draws.uniforms(1)[0]))
    case Snow.kind:
      let angle = -90 + 45 * Double(draws.uniforms(1)[0])
      return Snow.snow(on: image, Snow.fall(setting), draws: draws.normals(area), angle: angle)
    case Frost.kind:
      var turned = Self.picture(shift: 90)
      let upright = turned.pixels
      for pixel in 0..<area {
        for channel in 0..<3 {
          turned.pixels[3 * pixel + channel] = upright[3 * (area - 1 - pixel) + channel]
        }
      }
      return Frost.cover(image, turned, at: (0, 0), Frost.weights(setting))
    case Fog.kind:
      let count = PlasmaFractal.draws(side: Fog.mapSide(image))
      return Fog.cover(image, Fog.thickness(setting), draws: draws.uniforms(count))
    case Spatter.kind:
      return Spatter.spatter(image, Spatter.liquid(setting), draws: draws.normals(area))
    case ElasticTransform.kind:
      return ElasticTransform.stretch(
        image, ElasticTransform.pull(setting), draws: draws.uniforms(6 + 2 * area))
    default: return try setting.apply(to: image, id: "deterministic")
    }
  }

  /// Mean, deviation and mean distance from another picture.
  private func measures(_ image: Image, from clean: Image) -> [Double] {
    let count = Double(image.pixels.count)
    let mean = image.pixels.reduce(0.0) { $0 + Double($1) } / count
    let squares = image.pixels.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    let distance = zip(image.pixels, clean.pixels).reduce(0.0) {
      $0 + abs(Double($1.0) - Double($1.1))
    }
    return [mean, (squares / count).squareRoot(), distance / count]
  }

  /// Within one grey level.
  ///
  /// Ours are sums in single precision, the references' in double, and truncation to whole levels falls on one side or
  /// the other. Mean and deviation of all samples agree the closer: flips are rare, except
  /// where a whole number is met exactly (flat areas), where the reference's own last bits decide.
  @Test(arguments: allCorruptions.map { $0.kind }, CorruptionGenerator.allCases)
  func everyPixelIsTheReferences(kind: String, generator: CorruptionGenerator) throws {
    let golden = try Golden("corruptions")
    let table = golden.tensor(kind, in: generator.parts.name)
    #expect(table.shape == [5, 43])
    for severity in CorruptionSetting.severities {
      let setting = try CorruptionSetting(kind: kind, severity: severity, generator: generator)
      let image = try spoilt(setting)
      let row = table.array[(severity - 1) * 43..<severity * 43].map { Double($0) }
      let sampled = stride(from: 0, to: image.pixels.count, by: 97).map { Double(image.pixels[$0]) }
      let expected = Array(row.dropFirst(2))
      #expect(sampled.count == expected.count)
      let worst = zip(sampled, expected).map { abs($0 - $1) }.max() ?? 9
      #expect(worst <= 1, "\(kind) \(severity): \(worst)")
      let measured = measures(image, from: image)
      #expect(abs(measured[0] - row[0]) < 0.15, "\(kind) \(severity): \(measured[0]) \(row[0])")
      #expect(abs(measured[1] - row[1]) < 0.15, "\(kind) \(severity): \(measured[1]) \(row[1])")
    }
  }

  /// Our draws against NumPy's, by mean, deviation and distance of many copies.
  ///
  /// Means of 40 copies here and 150 there: five standard errors, which one comparison in two million exceeds by
  /// chance, and 0.15 of a level for truncation as above.
  @Test(
    arguments: [
      "gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "glass_blur",
      "motion_blur", "snow", "fog", "spatter", "elastic_transform",
    ], CorruptionGenerator.allCases)
  func drawsAreDistributedAsNumPys(kind: String, generator: CorruptionGenerator) throws {
    let table = try Golden("corruption_statistics").tensor(kind, in: generator.parts.name)
    #expect(table.shape == [5, 6])
    let (clean, copies) = (Self.picture(), 40)
    for severity in CorruptionSetting.severities {
      let setting = try CorruptionSetting(kind: kind, severity: severity, generator: generator)
      var sums = [0.0, 0.0, 0.0]
      for copy in 0..<copies {
        let image = try setting.apply(to: clean, id: "\(copy)")
        for (index, value) in measures(image, from: clean).enumerated() {
          sums[index] += value / Double(copies)
        }
      }
      for index in 0..<3 {
        let expected = Double(table.array[(severity - 1) * 6 + index])
        let deviation = Double(table.array[(severity - 1) * 6 + 3 + index])
        let error = deviation * (1 / Double(copies) + 1 / 150.0).squareRoot()
        #expect(
          abs(sums[index] - expected) < 5 * error + 0.15,
          "\(kind) \(severity), \(index): \(sums[index]) \(expected) ± \(error)")
      }
    }
  }
}
