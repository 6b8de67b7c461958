import Support

/// Architectures that are known by name and not read.
enum UnreadFamilies {
  /// A part of the names of each, and what it is called.
  private static let marks: [(mark: String, name: String)] = [
    ("layers.0.blocks.0.attn.relative_position_bias_table", "Swin"),
    ("layers.0.blocks.0.attn.logit_scale", "Swin V2"),
    ("layers.0.blocks.0.attn.cpb_mlp.0.weight", "Swin V2"),
    ("features.1.0.attn.relative_position_bias_table", "Swin"),
    ("features.1.0.attn.logit_scale", "Swin V2"),
    ("encoder.layers.0.blocks.0.attention.self.relative_position_bias_table", "Swin"),
    ("encoder.layers.0.blocks.0.attention.self.logit_scale", "Swin V2"),
    ("stages.0.blocks.0.conv_dw.weight", "ConvNeXt"),
    ("stages.0.0.dwconv.weight", "ConvNeXt"), ("stages.0.0.depthwise_conv.weight", "ConvNeXt"),
    ("encoder.stages.0.layers.0.dwconv.weight", "ConvNeXt"),
    ("features.1.0.block.0.weight", "ConvNeXt or EfficientNet"),
    ("stages.0.blocks.0.conv.conv1_1x1.weight", "MaxViT or CoAtNet"),
    ("blocks.0.layers.0.layers.MBconv.layers.conv_a.0.weight", "MaxViT"),
    ("blocks.0.0.conv_dw.weight", "EfficientNet or MobileNet"),
    ("blocks.0.0.conv_pw.weight", "EfficientNet or MobileNet"),
    ("features.0.0.weight", "a convolutional network of torchvision (MobileNet, EfficientNet)"),
    ("features.denseblock1.denselayer1.conv1.weight", "DenseNet"),
    ("features.0.weight", "VGG or AlexNet"), ("s1.b1.conv1.conv.weight", "RegNet"),
    ("patch_embeds.0.proj.weight", "Twins"), ("patch_embed1.proj.weight", "PVT"),
    ("stage1.0.mlp.fc1.weight", "CvT or CSWin"), ("mixer.in_proj.weight", "Mamba"),
    ("stages.0.blocks.0.norm1.weight", "a network of stages (MViT, PVT and others)"),
    ("layers.0.blocks.0.norm1.weight", "a network of stages (Swin, FocalNet and others)"),
    ("stages.0.blocks.0.conv1.weight", "a pre-activated ResNet (v2)"),
    ("stages.0.blocks.0.conv1.conv.weight", "a convolutional network of stages"),
    ("blocks.0.mlp_tokens.fc1.weight", "MLP-Mixer"),
    ("conv_stem.weight", "EfficientNet or MobileNet"),
    ("features.conv0.weight", "DenseNet"),
    ("block1.unit1.conv1.kernel", "a hybrid of ResNet and ViT"),
    ("stem.0.weight", "a network with a deep stem"),
    ("conv1.3.weight", "a ResNet with a deep stem (timm's resnet18d and its kin)"),
    ("trunk.blocks.0.norm1.weight", "SAM 2 (Hiera)"),
    ("neck.0.weight", "SAM"),
  ]

  /// The family whose names the tensors have; nil where none is known.
  /// - Parameters:
  ///   - archive: the tensors.
  ///   - endings: their names, and what follows each dot of them.
  /// - Returns: the family's name.
  static func name(of archive: TensorArchive, _ endings: Set<String>) -> String? {
    if isHiera(archive) { return "Hiera" }
    let found = marks.first { mark, _ in endings.contains(mark) }
    guard let name = found?.name else { return nil }
    return name == "ConvNeXt" && archive.nameParts.contains("grn") ? "ConvNeXt V2" : name
  }

  /// Blocks with the names of a vision transformer's, some of which widen what they are given.
  static func isHiera(_ archive: TensorArchive) -> Bool {
    let hasAttention = archive.names.contains { $0.hasSuffix("0.attn.qkv.weight") }
    return hasAttention
      && archive.names.contains { name in
        let parts = name.split(separator: ".").suffix(4)
        return parts.count == 4 && ["blocks", "layers"].contains(parts.first)
          && parts.suffix(2) == ["proj", "weight"]
          && parts.dropFirst().first?.first?.isNumber == true
      }
  }

  /// Blocks of a vision transformer whose attention adds positions by row and by column.
  static func isSegmentAnything(_ archive: TensorArchive) -> Bool {
    archive.names.contains { $0.hasSuffix("blocks.0.attn.rel_pos_h") }
  }

  /// What the configuration beside the weights calls the network; nil where it says nothing.
  static func statedName(of archive: TensorArchive) -> String? {
    let config = archive.metadata["config"]
    return config?["architecture"]?.string ?? config?["model_type"]?.string
      ?? config?["architectures"]?[0]?.string
  }
}
