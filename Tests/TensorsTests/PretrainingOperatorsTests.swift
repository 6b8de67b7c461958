import Support
import Tensors
import TestSupport
import Testing

/// Operators of pretraining losses, by finite differences of their values.
@Suite struct PretrainingOperatorsTests {
  /// The largest difference between the gradient and central differences, relative to the largest gradient.
  private func mismatch(
    _ shape: [Int], _ values: [Float], step: Float = 1e-2, _ loss: (Graph, Node) -> Double
  ) -> Double {
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = graph.variable(shape, values)
    _ = loss(graph, x)
    graph.backward()
    guard let gradient = x.gradient else { return .infinity }
    let made = (0..<values.count).map { Double(gradient[$0]) }
    let scale = made.map { abs($0) }.max() ?? 1
    func value(_ changed: [Float]) -> Double {
      let graph = Graph(workspace: Workspace(), precision: .fp32)
      return loss(graph, graph.constant(shape) { $0.update(from: changed, count: changed.count) })
    }
    return values.indices.map { index in
      var (up, down) = (values, values)
      up[index] += step
      down[index] -= step
      let slope = (value(up) - value(down)) / Double(up[index] - down[index])
      return abs(slope - made[index]) / scale
    }.max() ?? 0
  }

  @Test func pixelShuffleIsPyTorchsOrder() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    // Two channels, places 1 × 2, factor 2: channel, then row, then column within a place.
    let x = graph.constant([1, 2, 8]) { for i in 0..<16 { $0[i] = Float(i) } }
    let out = graph.pixelShuffled(x, rows: 1, columns: 2, factor: 2)
    #expect(out.shape == [1, 2, 2, 4])
    #expect(out.array == [0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15])
  }

  @Test func pixelShuffleGradient() {
    let target = drawn(2 * 3 * 4 * 6, 9)
    let values = drawn(2 * 6 * 12, 8)
    let found = mismatch([2, 6, 12], values) { graph, x in
      graph.regressionLoss(
        graph.pixelShuffled(x, rows: 2, columns: 3, factor: 2), target: target,
        distance: .squared, weight: 0.5)
    }
    #expect(found < 1e-3)
  }

  @Test(arguments: [true, false])
  func similarityGradient(isSelf: Bool) {
    let other = drawn(5 * 4, 3)
    let found = mismatch([5, 4], drawn(5 * 4, 2)) { graph, x in
      let b = isSelf ? x : graph.constant([5, 4]) { $0.update(from: other, count: 20) }
      let logits = graph.similarities(x, b, scale: 2, excluded: [0, 1, 2, 3, 4])
      return graph.crossEntropy(logits, labels: [1, 2, 3, 4, 0], weight: 0.2)
    }
    #expect(found < 2e-3)
  }

  /// Rectangles too: rows and columns have transforms of their own.
  @Test func spectralGradient() {
    let target = drawn(2 * 2 * 4 * 6, 5)
    let counted = drawn(2 * 4 * 6, 6).map { $0 > -0.2 }
    let found = mismatch([2, 2, 4, 6], drawn(2 * 2 * 4 * 6, 4).map { 2 * $0 }, step: 5e-3) {
      graph, x in
      graph.spectralLoss(x, target: target, isCounted: counted, weight: 0.1)
    }
    #expect(found < 5e-3)
  }

  /// Parseval: with all frequencies the squares of moduli sum to those of the pixels.
  @Test func energyIsThatOfThePixels() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let zeros = [Float](repeating: 0, count: 64)
    var impulse = zeros
    impulse[19] = 3
    let x = graph.constant([1, 1, 8, 8]) { $0.update(from: impulse, count: 64) }
    // An impulse has the same modulus at each of 64 frequencies: 3 / 8.
    let sum = graph.spectralLoss(
      x, target: zeros, isCounted: [Bool](repeating: true, count: 64), weight: 1)
    #expect(abs(sum - 64 * 3 / 8) < 1e-4)
  }

  @Test func standardizedRowsHaveNoMeanAndUnitVariance() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let values = drawn(3 * 40, 7)
    let x = graph.constant([3, 40]) { $0.update(from: values, count: 120) }
    let rows = graph.standardized(x, epsilon: 1e-6).array
    for row in 0..<3 {
      let part = rows[row * 40..<(row + 1) * 40].map(Double.init)
      let mean = part.reduce(0, +) / 40
      let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40
      #expect(abs(mean) < 1e-6 && abs(variance - 1) < 1e-4)
    }
  }
}
