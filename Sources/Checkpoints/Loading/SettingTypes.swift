import Support

/// The types of what a `config.json` states about a network.
///
/// A number that is written as a text, or a text where a switch belongs, would be passed over, and the usual value taken
/// in its place.
enum SettingTypes {
  /// What a value may be; null is what an absent value is.
  private enum Kind: String {
    case whole = "a whole number"
    /// A whole number, or two of them.
    case side = "one or two whole numbers"
    case wholes = "a list of whole numbers"
    case number = "a number"
    case truth = "true or false"
    case text = "a text"

    func admits(_ value: JSON) -> Bool {
      switch self {
      case .whole: value.int != nil
      case .side:
        value.int != nil
          || 1...2 ~= (value.array?.count ?? 0) && value.array?.allSatisfy { $0.int != nil } == true
      case .wholes: value.array?.allSatisfy { $0.int != nil } == true
      case .number: value.double != nil
      case .truth: value.bool != nil
      case .text: value.string != nil
      }
    }
  }

  /// Hugging Face's keys of vision models.
  private static let hub: [(Kind, [String])] = [
    (
      .whole,
      [
        "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
        "num_channels", "num_register_tokens", "projection_dim", "embedding_size",
      ]
    ),
    (.side, ["image_size", "patch_size"]), (.wholes, ["hidden_sizes", "depths"]),
    (
      .number,
      ["layer_norm_eps", "rope_theta", "mlp_ratio", "layerscale_value", "layer_scale_init_value"]
    ),
    (
      .truth,
      [
        "qkv_bias", "use_swiglu_ffn", "use_gated_mlp", "use_mask_token", "query_bias", "key_bias",
        "value_bias", "proj_bias", "mlp_bias", "use_absolute_position_embeddings",
        "use_relative_position_bias", "use_shared_relative_position_bias", "use_mean_pooling",
        "downsample_in_first_stage", "downsample_in_bottleneck",
      ]
    ),
    (.text, ["hidden_act", "model_type", "architecture", "global_pool", "layer_type"]),
  ]

  /// Arguments of timm's models.
  private static let timm: [(Kind, [String])] = [
    (.whole, ["embed_dim", "depth", "num_heads", "in_chans", "reg_tokens", "num_classes"]),
    (.side, ["img_size", "patch_size"]),
    (.number, ["mlp_ratio", "init_values", "rope_temperature"]),
    (
      .truth,
      [
        "class_token", "no_embed_class", "qkv_bias", "pre_norm", "use_abs_pos_emb",
        "use_rel_pos_bias", "use_shared_rel_pos_bias", "use_rot_pos_emb", "rope_rotate_half",
      ]
    ),
    (.text, ["global_pool", "rope_type", "rope_grid_indexing"]),
  ]

  /// Checks the content of a `config.json`.
  /// - Parameters:
  ///   - config: the content.
  ///   - path: the file, for messages.
  /// - Throws: `InputError` naming the first value of the wrong type.
  static func check(_ config: JSON, _ path: String) throws {
    guard config.object != nil else {
      throw refusal(path, config.kind, "its content", "a mapping")
    }
    for section in ["vision_config", "model_args", "pretrained_cfg"] {
      guard let value = config[section], !value.isNull, value.object == nil else { continue }
      throw refusal(path, value.kind, "'\(section)'", "a mapping")
    }
    try check(config, hub, path)
    if let vision = config["vision_config"] { try check(vision, hub, path) }
    if let arguments = config["model_args"] { try check(arguments, timm, path) }
  }

  private static func check(
    _ section: JSON, _ kinds: [(Kind, [String])], _ path: String
  ) throws {
    for (kind, keys) in kinds {
      for key in keys {
        guard let value = section[key], !value.isNull, !kind.admits(value) else { continue }
        throw refusal(path, value.kind, "'\(key)'", kind.rawValue)
      }
    }
  }

  private static func refusal(
    _ path: String, _ found: String, _ key: String, _ wanted: String
  ) -> InputError {
    InputError(
      path, "holds \(found) as \(key), not \(wanted)",
      "restore the file that was written with the weights")
  }
}
