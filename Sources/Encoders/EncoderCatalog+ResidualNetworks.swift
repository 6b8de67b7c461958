import Support

extension EncoderCatalog {
  /// Layers and blocks by stage of the ImageNet networks: table 1 of the paper.
  private static let imageNetDepths: [(layers: Int, depths: [Int])] = [
    (18, [2, 2, 2, 2]), (34, [3, 4, 6, 3]), (50, [3, 4, 6, 3]), (101, [3, 4, 23, 3]),
    (152, [3, 8, 36, 3]),
  ]

  /// Layers of the CIFAR networks, 6n + 2: section 4.2 of the paper.
  private static let cifarLayers = [20, 32, 44, 56, 110, 1202]

  /// The residual networks that can be named, with what they are.
  package static var residualNetworks: [(name: String, summary: String)] {
    imageNetDepths.map { layers, depths in
      ("resnet\(layers)", "ResNet, \(layers < 50 ? "basic" : "bottleneck") blocks \(depths)")
    } + cifarLayers.map { ("resnet\($0)", "CIFAR ResNet, \(($0 - 2) / 6) blocks a stage, 64 wide") }
  }

  /// The configuration behind a residual network's name.
  ///
  /// - Parameter name: `resnetLAYERS@SIDE`.
  /// - Returns: the configuration; CIFAR's networks pad their shortcuts (option A).
  /// - Throws: `InputError` when the name is malformed.
  package static func residualNetwork(named name: String) throws -> ResidualNetworkConfiguration {
    let halves = name.split(separator: "@", omittingEmptySubsequences: false)
    let known = residualNetworks.map { $0.name }
    guard known.contains(String(halves[0])), let layers = Int(halves[0].dropFirst(6)) else {
      throw InputError(
        name, "there is no encoder '\(halves[0])'", suggestion(for: String(halves[0]), among: known)
      )
    }
    guard halves.count == 2, let side = Int(halves[1]) else {
      throw InputError(
        name, "the input side after '@' is missing or not a number",
        "write for example \(halves[0])@\(cifarLayers.contains(layers) ? 32 : 224)")
    }
    var configuration = ResidualNetworkConfiguration(
      stem: .cifar, block: .basic, shortcut: .padding, stemWidth: 16, widths: [16, 32, 64],
      depths: [Int](repeating: (layers - 2) / 6, count: 3), side: side)
    if let (_, depths) = imageNetDepths.first(where: { $0.layers == layers }) {
      configuration = ResidualNetworkConfiguration(
        stem: .imageNet, block: layers < 50 ? .basic : .bottleneck, shortcut: .projection,
        stemWidth: 64, widths: [64, 128, 256, 512], depths: depths, side: side)
    }
    try configuration.validate(as: name)
    return configuration
  }
}
