import Support

/// Everything that fixes the shape of a residual network.
///
/// After He et al. 2016, with the stride of v1.5.
package struct ResNetConfiguration: Sendable, Equatable {
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

extension ResNetConfiguration {
  /// Layers and blocks by stage of the ImageNet networks: table 1 of the paper.
  private static let imageNetDepths: [(layers: Int, depths: [Int])] = [
    (18, [2, 2, 2, 2]), (34, [3, 4, 6, 3]), (50, [3, 4, 6, 3]), (101, [3, 4, 23, 3]),
    (152, [3, 8, 36, 3]),
  ]

  /// Layers of the CIFAR networks, 6n + 2: section 4.2 of the paper.
  private static let cifarLayers = [20, 32, 44, 56, 110, 1202]

  /// Below this side the ImageNet networks have CIFAR's stem: 3×3 of stride 1 and no maximum after it.
  ///
  /// As is usual for small images (SimCLR, Chen et al. 2020, appendix B.9).
  private static let smallestImageNetSide = 64

  /// The residual networks that can be named, with what they are.
  static var architectures: [(name: String, summary: String)] {
    imageNetDepths.map { layers, depths in
      ("resnet\(layers)", "ResNet, \(layers < 50 ? "basic" : "bottleneck") blocks \(depths)")
    } + cifarLayers.map { ("resnet\($0)", "CIFAR ResNet, \(($0 - 2) / 6) blocks a stage, 64 wide") }
  }

  /// The configuration behind a name.
  ///
  /// CIFAR's networks pad their shortcuts (option A). Of the others, `resnet18@32` and all below 64 px have a 3×3 stem.
  /// - Parameter name: `resnetLAYERS@SIDE`.
  /// - Throws: `InputError` when the name is malformed.
  package init(named name: String) throws {
    let halves = name.split(separator: "@", omittingEmptySubsequences: false)
    let known = Self.architectures.map { $0.name }
    guard known.contains(String(halves[0])), let layers = Int(halves[0].dropFirst(6)) else {
      throw InputError(
        name, "there is no encoder '\(halves[0])'", suggestion(for: String(halves[0]), among: known)
      )
    }
    guard halves.count == 2, let side = Int(halves[1]) else {
      throw InputError(
        name, "the input side after '@' is missing or not a number",
        "write for example \(halves[0])@\(Self.cifarLayers.contains(layers) ? 32 : 224)")
    }
    if let (_, depths) = Self.imageNetDepths.first(where: { $0.layers == layers }) {
      self.init(
        stem: side < Self.smallestImageNetSide ? .cifar : .imageNet,
        block: layers < 50 ? .basic : .bottleneck, shortcut: .projection, stemWidth: 64,
        widths: [64, 128, 256, 512], depths: depths, side: side)
    } else {
      self.init(
        stem: .cifar, block: .basic, shortcut: .padding, stemWidth: 16, widths: [16, 32, 64],
        depths: [Int](repeating: (layers - 2) / 6, count: 3), side: side)
    }
    try validate(as: name)
  }
}
