import Support
import Tensors
import Vision

/// The image tower of OpenAI's and OpenCLIP's CLIP: a norm before the blocks, a projection after.
enum OpenCLIP: KeyMap {
  static let name = "openclip"
  static let summary = "CLIP and OpenCLIP image towers"
  static let signature = [
    "class_embedding", "conv1.weight", "positional_embedding", "ln_pre.weight",
    "transformer.resblocks.0.attn.in_proj_weight",
  ]

  private static let rules = RenameRule.list([
    ("class_embedding", "cls_token"), ("positional_embedding", "pos_embed"),
    ("conv1.", "patch_embed.proj."), ("ln_pre.", "norm_pre."), ("ln_post.", "norm."),
    ("transformer.resblocks.#.ln_1.", "blocks.#.norm1."),
    ("transformer.resblocks.#.ln_2.", "blocks.#.norm2."),
    ("transformer.resblocks.#.attn.in_proj_weight", "blocks.#.attn.qkv.weight"),
    ("transformer.resblocks.#.attn.in_proj_bias", "blocks.#.attn.qkv.bias"),
    ("transformer.resblocks.#.attn.out_proj.", "blocks.#.attn.proj."),
    ("transformer.resblocks.#.mlp.c_fc.", "blocks.#.mlp.fc1."),
    ("transformer.resblocks.#.mlp.c_proj.", "blocks.#.mlp.fc2."),
    ("transformer.resblocks.#.ls_1.gamma", "blocks.#.ls1.gamma"),
    ("transformer.resblocks.#.ls_2.gamma", "blocks.#.ls2.gamma"),
  ])

  static func plan(_ weights: WeightView, _ options: CheckpointOptions) throws -> ModelPlan {
    var traits = TransformerTraits()
    traits.normEpsilon = 1e-5
    traits.preprocessing = Preprocessing(side: 224, cropRatio: 1, statistics: clipStatistics)
    let stated = weights.archive.metadata["openCLIP"]?["model_cfg"]
    // OpenAI's files carry the model's extents as tensors; all of them use x · sigmoid(1.702 x).
    let isOpenAI = weights.archive.names.contains { $0.hasSuffix("input_resolution") }
    if let quick = stated?["quick_gelu"]?.bool {
      traits.activation = quick ? .quickGELU : .gelu
    } else if isOpenAI {
      traits.activation = .quickGELU
    } else if options.activation == nil {
      traits.notes.append(assumedActivation)
    }
    if let width = weights.shape("conv1.weight")?.first {
      let headWidth = stated?["vision_cfg"]?["head_width"]?.int ?? 64
      if headWidth > 0, width % headWidth == 0 { traits.statedHeads = width / headWidth }
    }
    var plan = try TransformerAssembly.plan(
      weights.renamed(by: rules), traits, options, family: name)
    plan.head = projection(weights, width: plan.architecture.width)
    return plan
  }

  /// What is said where nothing tells which of the two activations CLIP's weights were trained with.
  static let assumedActivation =
    "activation taken as GELU, as OpenCLIP's; OpenAI's networks need "
    + "--set checkpoint.activation=quickGELU"

  /// The projection to the space shared with texts, `[width, features]` in the file.
  private static func projection(_ weights: WeightView, width: Int) -> HeadPlan? {
    guard let shape = weights.shape("proj"), shape.count == 2, shape[0] == width, shape[1] > 0
    else {
      return nil
    }
    return HeadPlan(
      pooling: .classToken, isProjection: true,
      weight: .transposed(weights.prefix + "proj", shape: shape.reversed()))
  }

  /// What CLIP normalises with.
  static let clipStatistics = PixelStatistics(
    mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711])
}
