import ArgumentParser
import Support
import Vision

/// `unmask corrupt`: a picture as the robustness tasks spoil it.
struct Corrupt: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a picture with a corruption, as the robustness tasks make it.",
    discussion: """
      Example: unmask corrupt photo.jpg --kind gaussian_noise --severity 3 --out noisy.png

      The parameters are those of CIFAR-10-C for pictures of up to 40 pixels, else those of ImageNet-C. \
      The draws depend on the seed, the kind, the severity and the file's name.
      """)

  @Argument(help: "A picture.")
  var image: String

  @Option(help: "The corruption (see 'unmask list corruptions').")
  var kind: String

  @Option(help: "From 1, the mildest, to 5.")
  var severity: Int

  @Option(help: "The .png file to write.")
  var out: String

  @Option(help: "Chooses the draws.")
  var seed: UInt64 = 0

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
    let setting = try CorruptionSetting(
      kind: kind, severity: severity, generator: CorruptionGenerator(suiting: picture), seed: seed)
    try AtomicFile.write(
      encodePNG(setting.apply(to: picture, id: image.fileName)), to: out)
    try StandardOutput.line(
      "\(out): \(kind) \(severity) of \(setting.generator.rawValue), \(picture.width)×\(picture.height)"
    )
  }
}
