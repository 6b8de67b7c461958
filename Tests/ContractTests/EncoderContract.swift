import Encoders
import Foundation
import Support
import Tensors
import Testing

/// What every encoder family promises; a new family is tested by being there.
@Suite struct EncoderContract {
  /// A small encoder of each family: with patches of 4 at 16 pixels, or without patches at 32.
  static let names = allEncoderFamilies.compactMap { family in
    family.architectures.lazy.flatMap { ["\($0.name)/4@16", "\($0.name)@32"] }.first {
      (try? family.init(named: $0)) != nil
    }
  }

  @Test func everyFamilyHasASmallMember() { #expect(Self.names.count == allEncoderFamilies.count) }

  private func images(_ graph: Graph, _ encoder: any Encoder) -> Node {
    var random = RandomStream(seed: 1, purpose: "contract")
    let shape = [2, encoder.channels, encoder.side, encoder.side]
    return graph.constant(shape) { data in
      for index in 0..<shape.reduce(1, *) { data[index] = random.normal() }
    }
  }

  @Test(arguments: EncoderContract.names)
  func levelsAreAsStated(name: String) throws {
    let encoder = try EncoderCatalog.make(name, seed: 0)
    #expect(encoder.name == name)
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let taps: [Int?] = (1...encoder.depth).map { $0 } + [nil]
    let output = encoder.encode(EncoderInput(images(graph, encoder), taps: taps), in: graph)
    for (tap, features) in zip(taps, output.features) {
      let level = encoder.level(tap)
      let grid = level.grid(of: encoder.input)
      #expect(features.grid == grid)
      #expect(
        features.sequence.shape == [2, encoder.tokenCount(at: tap), level.channels], "\(level.name)"
      )
      #expect(
        features.map(in: graph).shape == [2, level.channels, grid.rows, grid.columns])
      #expect(features.sequence.array.allSatisfy { $0.isFinite })
    }
    // One tap alone gives what it gives among all.
    let alone = encoder.encode(EncoderInput(images(graph, encoder)), in: graph).sequence.array
    #expect(alone == output.features.last?.sequence.array)
  }

  @Test(arguments: EncoderContract.names)
  func layersAreCountedFromTheInput(name: String) throws {
    let encoder = try EncoderCatalog.make(name, seed: 0)
    let layers = encoder.parameters.parameters.filter(\.isTrainable).map { encoder.layer(of: $0) }
    #expect(Set(layers) == Set(0..<encoder.layerCount))
  }

  @Test(arguments: EncoderContract.names)
  func copiesAreApartAndSeedsDecide(name: String) throws {
    let encoder = try EncoderCatalog.make(name, seed: 3)
    let copy = encoder.copy()
    func values(_ encoder: any Encoder) -> [Float] {
      Array(UnsafeBufferPointer(start: encoder.parameters.values, count: encoder.parameters.extent))
    }
    let before = values(encoder)
    #expect(values(copy) == before)
    copy.parameters.values.update(repeating: 0, count: copy.parameters.extent)
    #expect(values(encoder) == before)
    #expect(values(try EncoderCatalog.make(name, seed: 3)) == before)
    #expect(values(try EncoderCatalog.make(name, seed: 4)) != before)
  }

  @Test(arguments: EncoderContract.names)
  func operationsGrowWithThePatches(name: String) throws {
    let encoder = try EncoderCatalog.declare(name)
    let all = encoder.forwardFLOPs(patches: encoder.patchCount)
    #expect(all > Double(2 * encoder.width))
    let half = encoder.forwardFLOPs(patches: encoder.patchCount / 2)
    #expect(encoder.masks.contains(.drop) ? half < all : half == all)
  }

  @Test(arguments: EncoderContract.names)
  func otherChannelsAreRefused(name: String) throws {
    let encoder = try EncoderCatalog.declare(name)
    #expect(throws: InputError.self) {
      try encoder.check(InputShape(channels: encoder.channels + 2, side: encoder.side))
    }
    try encoder.check(encoder.input)
  }
}
