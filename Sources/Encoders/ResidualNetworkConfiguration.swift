import Support

/// Everything that fixes the shape of a residual network.
///
/// After He et al. 2016, with the stride of v1.5.
package struct ResidualNetworkConfiguration: Sendable, Equatable {
  /// The first layers.
  package enum Stem: String, Sendable, CaseIterable {
    /// 7×7 convolution of stride 2 and 3×3 maximum of stride 2 (ImageNet).
    case imageNet
    /// 3×3 convolution of stride 1 (CIFAR).
    case cifar
  }

  /// What a stage repeats.
  package enum Block: String, Sendable, CaseIterable {
    /// Two 3×3 convolutions.
    case basic
    /// 1×1, 3×3 with the stride (v1.5), 1×1 four times as wide.
    case bottleneck
  }

  /// How a block's input meets an output of another shape.
  package enum Shortcut: String, Sendable, CaseIterable {
    /// 1×1 convolution with the stride (option B).
    case projection
    /// Every second pixel, and channels of zeros on both sides (option A).
    case padding
  }

  package var stem: Stem
  package var block: Block
  package var shortcut: Shortcut
  /// Channels of the stem.
  package var stemWidth: Int
  /// Inner channels of each stage.
  package var widths: [Int]
  /// Blocks of each stage.
  package var depths: [Int]
  /// Side of the square input, in pixels.
  package var side: Int
  /// Channels of the input.
  package var channels = 3

  /// A residual network; checked by `validate`.
  package init(
    stem: Stem, block: Block, shortcut: Shortcut, stemWidth: Int, widths: [Int], depths: [Int],
    side: Int
  ) {
    self.stem = stem
    self.block = block
    self.shortcut = shortcut
    self.stemWidth = stemWidth
    self.widths = widths
    self.depths = depths
    self.side = side
  }

  /// Channels of a block's output over its inner channels.
  package var expansion: Int { block == .bottleneck ? 4 : 1 }
  /// Channels of each stage's output.
  package var stageWidths: [Int] { widths.map { $0 * expansion } }
  /// Channels of the last stage's output.
  package var width: Int { stageWidths.last ?? stemWidth }
  /// Layers with weights on the path through the network, as in its name.
  package var layers: Int { depths.reduce(0, +) * (block == .bottleneck ? 3 : 2) + 2 }

  /// Side of each stage's output, in places.
  package var stageSides: [Int] {
    var side = self.side
    if stem == .imageNet {
      side = (side - 1) / 2 + 1
      side = (side - 1) / 2 + 1
    }
    return widths.indices.map { stage in
      if stage > 0 { side = (side - 1) / 2 + 1 }
      return side
    }
  }

  /// Pixels between neighbouring places of each stage's output.
  package var stageStrides: [Int] {
    widths.indices.map { (stem == .imageNet ? 4 : 1) << $0 }
  }

  /// Refuses extents that do not fit each other.
  /// - Parameter name: how the encoder is called in the message.
  /// - Throws: `InputError` when a stage is empty or the input too small or large.
  package func validate(as name: String) throws {
    guard !widths.isEmpty, widths.count == depths.count, stemWidth > 0,
      widths.allSatisfy({ 1...65536 ~= $0 }), depths.allSatisfy({ 1...1024 ~= $0 })
    else { throw InputError(name, "an extent is not positive", "use for example resnet50@224") }
    guard 8...4096 ~= side else {
      throw InputError(name, "the input side \(side) is not in 8…4096", "use for example 224")
    }
  }
}
