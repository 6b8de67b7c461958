import Support

/// A way to spoil pictures, at five severities, as Hendrycks and Dietterich 2019 define them.
///
/// To add one, put a file with a conforming type of the file's name into `Corruptions/`.
package protocol Corruption: Sendable {
  /// The name that a task file and the command line give.
  static var kind: String { get }
  /// What it does, in a few words.
  static var summary: String { get }
  /// Whether it is none of the fifteen that are averaged, but one of those to develop and tune with.
  static var isExtra: Bool { get }

  /// The shortest side of a picture that its filter can work on.
  static func smallestSide(_ setting: CorruptionSetting) -> Int

  /// Spoils a picture.
  ///
  /// - Parameters:
  ///   - image: the picture, no side shorter than `smallestSide`.
  ///   - setting: how bad, and whose parameters are used.
  ///   - random: the draws for this picture.
  /// - Returns: the spoilt picture, of the same size.
  static func corrupt(
    _ image: Image, _ setting: CorruptionSetting, random: inout RandomStream
  ) -> Image
}

extension Corruption {
  package static var isExtra: Bool { false }
  package static func smallestSide(_ setting: CorruptionSetting) -> Int { 1 }
}

/// A table of parameters and the arithmetic that goes with it, as published with a benchmark.
///
/// The draws are our own, so pictures differ from the published files, and numbers are comparable with numbers of
/// the same generator only.
package enum CorruptionGenerator: String, Sendable, CaseIterable {
  /// CIFAR-10-C, for pictures of about 32 pixels a side.
  case cifar = "cifar-c-math@1"
  /// ImageNet-C, for pictures of about 224 pixels a side.
  case imageNet = "imagenet-c-math@1"

  /// The longest short side for which CIFAR's parameters are meant.
  private static let smallSide = 40

  /// The generator that suits a picture's size.
  package init(suiting image: Image) {
    self = min(image.width, image.height) <= Self.smallSide ? .cifar : .imageNet
  }

  /// Name and version, as a report lists them: `cifar-c-math` and 1.
  package var parts: (name: String, version: Int) {
    let parts = rawValue.split(separator: "@")
    return (String(parts[0]), Int(parts[1]) ?? 0)
  }
}

/// A corruption with everything that fixes what it makes of a picture.
package struct CorruptionSetting: Hashable, Sendable {
  /// The mildest and the worst severity.
  package static let severities = 1...5

  /// Which corruption, by the name of its kind.
  package let kind: String
  /// How bad, one of `severities`.
  package let severity: Int
  /// Whose parameters are used.
  package let generator: CorruptionGenerator
  /// Chooses the draws.
  package let seed: UInt64
  /// What the corruption `frost` lays over a picture.
  package let frost: FrostTextures
  /// Files with the corrupted images, which are then not made; nil where they are.
  package let files: CorruptedFiles?

  /// A corruption at a severity.
  /// - Throws: `InputError` when there is no such kind or severity.
  package init(
    kind: String, severity: Int, generator: CorruptionGenerator, seed: UInt64 = 0,
    frost: FrostTextures = .drawn, files: CorruptedFiles? = nil
  ) throws {
    let kinds = allCorruptions.map { $0.kind }
    guard kinds.contains(kind) else {
      throw InputError(kind, "there is no such corruption", suggestion(for: kind, among: kinds))
    }
    guard Self.severities.contains(severity) else {
      throw InputError("severity \(severity)", "must be from 1 to 5")
    }
    self.kind = kind
    self.severity = severity
    self.generator = generator
    self.seed = seed
    self.frost = frost
    self.files = files
  }

  /// The place of its severity in a table.
  var index: Int { severity - Self.severities.lowerBound }

  /// The generator's name and version, and the pictures of frost where the kind uses some that were given:
  /// `imagenet-c-math@1`, `imagenet-c-math@1+frost-3f2a91c0`; of files their id.
  package var generatorID: String {
    if let files { return files.id }
    let textures = kind == Frost.kind ? frost.id : nil
    return ([generator.rawValue] + (textures.map { [$0] } ?? [])).joined(separator: "+")
  }

  /// Spoils a picture, by nothing but the setting, the picture and its id, so that every checkpoint sees the same.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - id: what identifies it in its data set.
  /// - Returns: the spoilt picture.
  /// - Throws: `InputError` naming the id when the picture is too small for the corruption's filter.
  package func apply(to image: Image, id: String) throws -> Image {
    guard let type = allCorruptions.first(where: { $0.kind == kind }) else { return image }
    let smallest = type.smallestSide(self)
    guard min(image.width, image.height) >= smallest else {
      throw InputError(
        id,
        "\(image.width)×\(image.height) pixels are too few for \(kind) \(severity) of "
          + "\(generator.rawValue), whose filter needs \(smallest) a side",
        generator == .imageNet
          ? "set the generator \(CorruptionGenerator.cifar.rawValue), or leave the kind out"
          : "leave the kind out")
    }
    var random = RandomStream(seed: seed, purpose: "corruption \(kind) \(id)", severity)
    return type.corrupt(image, self, random: &random)
  }
}
