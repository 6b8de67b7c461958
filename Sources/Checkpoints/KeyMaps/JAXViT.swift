import Support
import Tensors
import Vision

/// Google's vision transformers in JAX: AugReg's `.npz` and big_vision's, as timm's `_load_weights` reads them.
///
/// Dosovitskiy et al. 2021, Steiner et al. 2022. The layers of the archive have PyTorch's layout already, see
/// `TensorArchive.inTorchLayout`. GELU is the exact one, as in timm; JAX itself takes the approximation by tanh.
enum JAXViT: KeyMap {
  static let name = "jax-vit"
  static let summary = "Google's ViTs in JAX (AugReg, big_vision)"
  static let signature = [
    "embedding.kernel", "Transformer.encoderblock_0.LayerNorm_0.scale",
    "Transformer.encoder_norm.scale",
  ]

  /// Names of the sub-modules of a block: attention, MLP, second norm.
  private static let augReg = ("MultiHeadDotProductAttention_1", "MlpBlock_3", "LayerNorm_2")
  private static let bigVision = ("MultiHeadDotProductAttention_0", "MlpBlock_0", "LayerNorm_1")

  private static func rules(_ parts: (attention: String, mlp: String, norm: String)) -> [RenameRule]
  {
    let block = "Transformer.encoderblock_#."
    var rules = RenameRule.list([
      ("embedding.kernel", "patch_embed.proj.weight"), ("embedding.bias", "patch_embed.proj.bias"),
      ("cls", "cls_token"), ("pos_embedding", "pos_embed"),
      ("Transformer.posembed_input.pos_embedding", "pos_embed"),
      ("Transformer.encoder_norm.scale", "norm.weight"),
      ("Transformer.encoder_norm.bias", "norm.bias"),
      ("head.kernel", "head.weight"), ("head.bias", "head.bias"),
    ])
    for (theirs, ours) in [("LayerNorm_0", "norm1"), (parts.norm, "norm2")] {
      rules += RenameRule.list([
        ("\(block)\(theirs).scale", "blocks.#.\(ours).weight"),
        ("\(block)\(theirs).bias", "blocks.#.\(ours).bias"),
      ])
    }
    let layers = [
      ("\(parts.attention).query", "attn.q"), ("\(parts.attention).key", "attn.k"),
      ("\(parts.attention).value", "attn.v"), ("\(parts.attention).out", "attn.proj"),
      ("\(parts.mlp).Dense_0", "mlp.fc1"), ("\(parts.mlp).Dense_1", "mlp.fc2"),
    ]
    for (theirs, ours) in layers {
      rules += RenameRule.list([
        ("\(block)\(theirs).kernel", "blocks.#.\(ours).weight"),
        ("\(block)\(theirs).bias", "blocks.#.\(ours).bias"),
      ])
    }
    return rules
  }

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    let isBigVision = weights.hasAny("Transformer.encoderblock_0.MlpBlock_0.")
    let parts = isBigVision ? bigVision : augReg
    var traits = TransformerTraits()
    traits.preprocessing = Preprocessing(side: 224, cropRatio: 0.9, statistics: .half)
    traits.headPooling = weights.has("cls") ? .classToken : .mean
    // [heads, features of one], or with the number of the block before.
    let bias = weights.shape("Transformer.encoderblock_0.\(parts.0).query.bias")
    if bias?.count == 2 { traits.statedHeads = bias?.first }
    if weights.hasAny("MAPHead_0.") {
      traits.notes.append("its attention pooling is not read: tokens and their mean are features")
    }
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules(parts)), weights.applyingSettings(to: traits), options, family: name
    )
    // A layer and tanh before the classifier, or none at all, where pooling is by attention.
    if weights.hasAny("pre_logits.") || weights.hasAny("MAPHead_0.") { plan.head = nil }
    return plan
  }
}
