import Encoders
import Support
import Vision

/// Our own checkpoint folders, whose `config.json` says everything.
enum UnmaskEncoder: KeyMap {
  static let name = "unmask"
  static let summary = "a checkpoint folder of Unmask"
  static let signature = ["patch_embed.proj.weight"]

  static func score(_ weights: WeightView) -> Int {
    weights.config["unmask"]?["encoder"] != nil && weights.prefix.isEmpty
      && hasSignature(weights) ? 100 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    let ours = weights.config["unmask"] ?? .object([:])
    let fields = try Fields(json: ours, file: weights.archive.source + "/config.json")
    let encoderName: String = try fields.takeRequired("name", "the encoder's name")
    let configuration = try VisionTransformerConfiguration(
      fields.takeFields("encoder", "the architecture"))
    var traits = TransformerTraits()
    traits.normEpsilon = configuration.normEpsilon
    traits.activation = configuration.activation
    traits.statedHeads = configuration.heads
    traits.statedSide = configuration.side
    traits.preprocessing = .standard(side: configuration.side)
    let rules = configuration.isTimmBEiT ? BEiT.rules : []
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
    guard var found = plan.architecture as? VisionTransformerConfiguration else { return plan }
    found.positions = configuration.positions
    if options.side == nil {
      guard found == configuration else {
        throw InputError(
          weights.archive.source, "its weights do not fit the encoder that config.json describes",
          "restore the file that was written with them")
      }
      plan.encoderName = encoderName
    }
    plan.architecture = found
    return plan
  }
}
