import ArgumentParser
import Support
import Vision

/// `unmask corrupt`: a picture as the robustness tasks spoil it.
struct Corrupt: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a picture with a corruption, as the robustness tasks make it.",
    discussion: """
      Example: unmask corrupt photo.jpg --kind motion_blur --severity 3 --out moved.png

      The parameters are those of CIFAR-10-C for pictures of up to 40 pixels, else those of ImageNet-C. \
      The draws depend on the seed, the kind, the severity and the file's name. Grey pictures become \
      colour pictures, 16-bit samples keep their upper 8 bits, transparency is dropped.
      """)

  /// The word that stands for every kind.
  private static let all = "all"

  @Argument(help: "A picture.")
  var image: String

  @Option(
    help: ArgumentHelp(
      "The corruption (see 'unmask list corruptions'), or 'all' for a sheet with every one."))
  var kind: String

  @Option(help: "From 1, the mildest, to 5.")
  var severity: Int

  @Option(help: "The .png file to write.")
  var out: String

  @Option(help: "Chooses the draws.")
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "A folder with pictures of frost for the kind 'frost', in place of the drawn ones; its hash becomes part of the generator's name.",
      valueName: "folder"))
  var frost: String?

  func validate() throws {
    guard CorruptionSetting.severities.contains(severity) else {
      throw ValidationError("--severity must be from 1 to 5, is \(severity)")
    }
    guard out.fileEnding.lowercased() == "png" else {
      throw ValidationError("--out must end in .png, is \(out)")
    }
  }

  func run() throws {
    let picture = try readImage(image)
    let frost = try frost.map { try FrostTextures(folder: $0) } ?? .drawn
    let kinds = kind == Self.all ? allCorruptions.map { $0.kind } : [kind]
    let settings = try kinds.map {
      try CorruptionSetting(
        kind: $0, severity: severity, generator: CorruptionGenerator(suiting: picture), seed: seed,
        frost: frost)
    }
    let spoilt = try settings.map { try $0.apply(to: picture, id: image.fileName) }
    let written =
      kind == Self.all
      ? ContactSheet([("clean", picture)] + zip(kinds, spoilt).map { ($0, $1) }, columns: 5).image
      : spoilt[0]
    try AtomicFile.write(encodePNG(written), to: out)
    let generators = Set(settings.map(\.generatorID)).sorted().joined(separator: ", ")
    try StandardOutput.line(
      "\(out): \(kind) \(severity) of \(generators), \(picture.width)×\(picture.height)")
  }
}
