import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Training

@testable import Pretraining

/// Whole steps of MaskFeat, SupMAE, supervised training and CAE against the same in PyTorch.
///
/// Weights and images come from a formula that `Tests/Goldens/reference/methods.py` shares.
@Suite struct FurtherMethodsTests {
  private let golden: Golden
  init() throws { golden = try Golden("further_methods") }

  /// Hidden patches of three images.
  private static let hidden = [
    [0, 1, 4, 5, 6, 7], [5, 6, 9, 10, 13, 14], [2, 3, 6, 7, 10, 11],
  ]
  private static let labels: [Int32] = [3, 0, 4]

  private static let recipes = [
    "maskfeat": """
    mask: {kind: blockwise, ratio: 0.5, minimum: 4, apply: replace}
    losses: [{predictor: linear, target: {kind: hog, cell: 2}, loss: regression}]
    """,
    "supmae": """
    mask: {kind: random, ratio: 0.375}
    losses:
      - predictor: {kind: self_attention, width: 8, depth: 1, heads: 2}
        target: pixels
        loss: regression
      - predictor: {kind: classifier, hidden: 16}
        target: {kind: label, classes: 5}
        loss: {kind: cross_entropy, temperature: 10.0}
        weight: 0.01
    """,
    "cae": """
    mask: {kind: block, ratio: 0.375}
    losses:
      - predictor: {kind: cross_attention, depth: 2}
        target: latent
        loss: regression
        weight: 2.0
      - predictor: {kind: hidden_decoder, depth: 1}
        target: pixels
        loss: regression
    """,
    "supervised": """
    losses:
      - predictor: {kind: classifier, pool: class}
        target: {kind: label, classes: 5}
        loss: {kind: cross_entropy, smoothing: 0.1}
    """,
  ]

  private func objective(_ recipe: String) throws -> PretrainingObjective {
    var c = VisionTransformerConfiguration(width: 12, depth: 2, heads: 3, patch: 4, side: 16)
    c.positions = .sinCos
    let encoder = try VisionTransformer(c, name: "golden")
    encoder.initialize(seed: 0)
    let yaml = try #require(Self.recipes[recipe])
    let objective = try PretrainingObjective(Fields(yaml: yaml, file: "test"), encoder: encoder)
    objective.begin(nil, seed: 0, steps: 1, rules: ParameterRules(decay: 0))
    for parameter in trained(objective) { settle(parameter) }
    return objective
  }

  /// What is trained, in the order of the names.
  private func trained(_ objective: PretrainingObjective) -> [Parameter] {
    objective.networks.flatMap { $0.store.parameters }.filter(\.isTrainable)
      .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  }

  /// The formula's weights: `settle` of the golden's script.
  private func settle(_ parameter: Parameter) {
    let ordinal = parameter.name.utf8.reduce(7) { ($0 * 31 + Int($1)) % 65521 }
    let values = drawn(parameter.count, ordinal)
    let isVector = parameter.shape.count == 1
    let inputs = Double(parameter.count / parameter.shape[0])
    let scale = isVector ? 0.7 : Float(4 / inputs.squareRoot())
    let centre: Float = isVector && parameter.name.hasSuffix("weight") ? 1 : 0
    for index in 0..<parameter.count { parameter.data[index] = centre + scale * values[index] }
  }

  private static func pictures(_ count: Int) -> [Float] {
    drawn(count * 768, 7000).map { 3.4 * $0 }
  }

  private func step(_ objective: PretrainingObjective, threads: Int = 2) throws -> Double {
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let parallel = DataParallel(
      pool: pool, stores: objective.networks.map(\.store), lanes: 2, precision: .fp32)
    let images = Self.pictures(3)
    let plans = Self.hidden.map { places in
      MaskPlan(hidden: (0..<16).map { places.contains($0) })
    }
    return try parallel.step(batch: 3, slice: 1) { graph, range in
      let node = graph.constant([range.count, 3, 16, 16]) { target in
        for (index, value) in images[range.lowerBound * 768..<range.upperBound * 768].enumerated() {
          target[index] = value
        }
      }
      let slice = PretrainingSlice(
        images: node, plans: objective.parts.mask == nil ? [] : Array(plans[range]),
        labels: Array(Self.labels[range]), totals: BatchTotals(images: 3, views: 3, hidden: 18))
      return objective.terms(of: slice, in: graph).loss
    }
  }

  @Test(arguments: ["maskfeat", "supmae", "supervised", "cae"])
  func aStepIsPyTorchs(recipe: String) throws {
    let objective = try objective(recipe)
    let loss = try step(objective)
    let expected = Double(golden.tensor("loss", in: recipe).data[0])
    #expect(abs(loss - expected) < 1e-5 * abs(expected), "\(loss) is not \(expected)")
    let (parameters, gradients) = (trained(objective), golden.tensor("gradients", in: recipe))
    #expect(parameters.map(\.name) == golden.words("names", in: recipe))
    #expect(gradients.shape == [parameters.count, 17])
    for (row, parameter) in parameters.enumerated() {
      let sample = sampled(parameter.gradient, parameter.count)
      if parameter.name.hasSuffix("norm1_k.bias") {
        // It moves all scores of a query alike, so its gradient is the rounding of zero, here and there.
        #expect(sample.allSatisfy { abs($0) < 1e-6 }, "the gradient of \(parameter.name)")
        continue
      }
      let difference = sampleDifference(sample, gradients.array[row * 17..<(row + 1) * 17])
      #expect(difference < 1e-3, "the gradient of \(parameter.name)")
    }
  }

  private func gradients(
    _ values: [Float], shape: [Int], patch: Int, cell: Int, bins: Int = 9
  ) -> [Float] {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let images = graph.constant(shape) { target in
      for (index, value) in values.enumerated() { target[index] = value }
    }
    let patches = shape[0] * (shape[2] / patch) * (shape[3] / patch)
    return graph.orientedGradients(
      images, rows: (0..<Int32(patches)).map { $0 }, patch: patch, cell: cell, bins: bins
    ).array
  }

  @Test func histogramsAreThoseOfTheReference() {
    let made = gradients(Self.pictures(2), shape: [2, 3, 16, 16], patch: 8, cell: 4)
    let expected = golden.tensor("target", in: "hog").array
    #expect(made.count == expected.count)
    let worst = zip(made, expected).map { abs($0 - $1) }.max() ?? 1
    #expect(worst < 1e-6)
  }

  /// Brightness that rises to the right, downwards, and along both diagonals.
  @Test(
    arguments: [(0, 1, 4), (0, -1, 4), (1, 0, 0), (-1, 0, 0), (1, 1, 2), (-1, -1, 2), (1, -1, 6)])
  func aRampFillsOneBin(down: Int, right: Int, bin: Int) {
    let ramp = (0..<64).map { Float(down * ($0 / 8) + right * ($0 % 8)) }
    let made = gradients(ramp, shape: [1, 1, 8, 8], patch: 8, cell: 2)
    // The cell in row 1, column 1 of 4 × 4 lies away from the border.
    let cell = (0..<9).map { made[$0 * 16 + 5] }
    #expect(cell.enumerated().allSatisfy { $0.element == ($0.offset == bin ? 1 : 0) }, "\(cell)")
  }

  @Test func whereNothingChangesTheTargetIsZero() {
    let made = gradients(
      [Float](repeating: 0.3, count: 192), shape: [1, 3, 8, 8], patch: 4, cell: 4)
    #expect(made.count == 4 * 27 && made.allSatisfy { $0 == 0 })
  }

  /// Each colour and cell has a norm of its own, so normalising the image changes nothing.
  @Test func normalisedImagesHaveTheSameHistograms() {
    let values = Self.pictures(1)
    let changed = values.enumerated().map { [0.5, 2, 7][$0 / 256] * $1 + Float($0 / 256) }
    let shape = [1, 3, 16, 16]
    let pairs = zip(
      gradients(values, shape: shape, patch: 4, cell: 4),
      gradients(changed, shape: shape, patch: 4, cell: 4))
    #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 })
  }

  /// The strokes of an upright edge are upright, and visible patches are the image's.
  @Test func histogramsAreDrawnAsStrokes() throws {
    let context = PartContext(
      encoder: try VisionTransformer(named: "vit-tiny/8@16"), store: ParameterStore(), prefix: "",
      hiding: .drop, mask: nil, classes: nil)
    let target = try HOGTarget(Fields(yaml: "{}", file: "test"), context)
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let images = graph.constant([1, 3, 16, 16]) { pixels in
      for index in 0..<768 { pixels[index] = 0.25 * Float(index % 16) }
    }
    let slice = PretrainingSlice(
      images: images, plans: [MaskPlan(visible: [1, 2, 3], of: 4)],
      totals: BatchTotals(images: 1, views: 1, hidden: 1))
    let drawn = target.painted(target.values(of: slice, teacher: nil, in: graph), into: slice)
    for index in 0..<768 where index % 16 >= 8 || index % 256 >= 128 {
      #expect(drawn[index] == images.array[index])
    }
    for line in 0..<8 {
      let row = drawn[line * 16..<line * 16 + 8]
      #expect(row.firstIndex(of: row.max() ?? 0) == row.startIndex + 3, "\(row)")
      #expect(row.first == -2)
    }
  }
}
