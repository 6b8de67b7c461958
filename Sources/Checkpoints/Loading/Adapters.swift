import Support

/// Weights that change what a network computes but lie beside it: LoRA, adapters, prompts, scales.
///
/// A file may hold the plain network whole and, apart from it, what was trained in its place; read without that it would
/// give the features of the network before the training. Names as PEFT, loralib, LyCORIS, SAMed, AdaptFormer, VPT,
/// SSF and ViT-Adapter give them.
enum Adapters {
  /// A kind of such weights, by the parts of names.
  private struct Kind {
    let what: String
    var beginnings: [String] = []
    var endings: [String] = []
    var whole: Set<String> = []

    func covers(_ part: String) -> Bool {
      whole.contains(part) || beginnings.contains { part.hasPrefix($0) }
        || endings.contains { part.hasSuffix($0) }
    }
  }

  private static let kinds: [Kind] = [
    Kind(
      what: "low-rank updates (LoRA)",
      beginnings: [
        "lora_", "lora-", "w_a_0", "w_b_0", "linear_a_q", "linear_b_q", "linear_a_v", "linear_b_v",
        "linear_a_k", "linear_b_k", "poly_lora", "hada_", "lokr_", "loha_", "vera_", "vblora_",
        "randlora_", "fourierft_", "dora_", "ranknum", "xlora", "melora",
      ], endings: ["_lora", "_lora_a", "_lora_b", "_loras"],
      whole: ["lora", "loras", "w_as", "w_bs", "lora_as", "lora_bs"]),
    Kind(
      what: "orthogonal or other updates of its weights",
      beginnings: [
        "oft_", "boft_", "hra_", "bone_", "shira_", "c3a_", "miss_block", "road_theta", "waveft_",
        "delta_", "diff_", "bitfit", "bias_delta", "task_vector",
      ], endings: ["_delta", "_deltas", "_bitfit"],
      whole: ["delta", "deltas", "bitfit", "ln_tuning_layers", "weight_delta"]),
    Kind(
      what: "adapters",
      beginnings: [
        "adapter", "adaptmlp", "adaptformer", "compacter", "convpass", "phm_", "injector",
      ],
      endings: ["_adapter", "_adapters", "_adaptmlp", "adapter_blocks"],
      whole: ["interactions", "spm", "adapt_mlp", "adaptor", "adaptors"]),
    Kind(
      what: "scales and shifts of its activations",
      beginnings: ["ssf_", "ia3_", "film_"], endings: ["_ssf", "_ia3"],
      whole: ["ssf", "ia3", "film"]),
    Kind(
      what: "prompt tokens",
      beginnings: [
        "prompt_embed", "prompt_token", "prompt_proj", "deep_prompt", "shallow_prompt",
        "visual_prompt",
        "vpt", "prefix_token", "prefix_embed", "prefix_encoder", "learnable_prompt", "soft_prompt",
      ],
      endings: ["_prompt", "_prompts", "_prompt_embeddings", "prompt_tokens", "_vpt"],
      whole: ["prompt", "prompts", "e_prompt", "g_prompt", "compound_prompts", "past_key_values"]),
  ]

  /// Parts of names under which such weights belong to something else than the encoder.
  private static let elsewhere: Set = [
    "decoder", "mask_decoder", "prompt_encoder", "text_model", "text_encoder", "text",
    "prompt_learner",
    "optimizer", "optimizer_states", "optimizer_state", "language_model", "predictor", "head",
  ]

  /// The first of such weights among names, and what it is.
  ///
  /// - Parameters:
  ///   - names: names of tensors.
  ///   - others: prefixes of other networks in the file.
  /// - Returns: the name and the kind; nil where there is none.
  static func first(
    among names: [String], outside others: [String] = []
  ) -> (name: String, what: String)? {
    for name in names {
      let parts = name.split(separator: ".").map { $0.lowercased() }
      guard !parts.contains(where: { elsewhere.contains($0) }) else { continue }
      guard let kind = kinds.first(where: { kind in parts.contains { kind.covers($0) } }),
        !others.contains(where: { name.hasPrefix($0) })
      else { continue }
      return (name, kind.what)
    }
    return nil
  }

  /// What to do about them.
  static let remedy =
    "merge them into the network first (PEFT: model.merge_and_unload()) and save that; "
    + "what cannot be merged cannot be read"
}
