import Support
import Vision

/// Hugging Face's `BeitModel` and `Data2VecVisionModel`.
enum HuggingFaceBEiT: KeyMap {
  static let name = "hf-beit"
  static let summary = "Hugging Face BEiT, data2vec"
  static let signature =
    HuggingFaceViT.signature + ["encoder.layer.0.layernorm_after.weight"]

  private static let rules =
    RenameRule.list([
      ("encoder.layer.#.lambda_1", "blocks.#.ls1.gamma"),
      ("encoder.layer.#.lambda_2", "blocks.#.ls2.gamma"),
      ("encoder.relative_position_bias.", "rel_pos_bias."),
      ("encoder.layer.#.attention.attention.relative_position_bias.", "blocks.#.attn."),
      ("pooler.layernorm.", "fc_norm."),
    ]) + HuggingFaceViT.common + HuggingFaceViT.blocks

  static func score(_ weights: WeightView) -> Int {
    guard hasSignature(weights) else { return 0 }
    let isBEiT = [
      "encoder.layer.0.lambda_1",
      "encoder.relative_position_bias.relative_position_bias_table",
      "encoder.layer.0.attention.attention.relative_position_bias.relative_position_bias_table",
    ].contains { weights.has($0) }
    return isBEiT ? 3 : 0
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.normEpsilon = 1e-12
    traits.resampling = .plain
    traits.relativeResampling = .linear
    traits.headPooling = .mean
    traits.mayLackPositions = true
    traits.preprocessing = try HubProcessor.standard(modelType: "beit")
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules), weights.applyingSettings(to: traits), options, family: name)
    guard var head = weights.classifier(width: plan.architecture.width, pooling: .mean) else {
      return plan
    }
    let gain = weights.prefix + "pooler.layernorm.weight"
    let bias = weights.prefix + "pooler.layernorm.bias"
    if weights.has("pooler.layernorm.weight"), weights.has("pooler.layernorm.bias") {
      let extent = [plan.architecture.width]
      head.norm = (
        .tensor(gain, shape: extent), .tensor(bias, shape: extent),
        Float(weights.config["layer_norm_eps"]?.double ?? 1e-12)
      )
    } else {
      head.pooling = .classToken
    }
    plan.head = head
    return plan
  }
}
