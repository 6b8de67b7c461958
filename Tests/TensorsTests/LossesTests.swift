import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct LossesTests {
  /// The loss and its gradient of one case; the golden's output is a mean.
  private func evaluated(
    _ golden: Golden, _ caseName: String, _ loss: (Graph, Node) -> Double
  ) -> (loss: Double, gradient: Tensor) {
    let input = golden.tensor("input", in: caseName)
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = graph.variable(input.shape, input.array)
    let value = loss(graph, x)
    graph.backward()
    let gradient = Tensor(input.shape)
    if let computed = x.gradient { gradient.data.update(from: computed, count: x.count) }
    return (value, gradient)
  }

  @Test(arguments: try Golden("cross_entropy").cases)
  func crossEntropyAgreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("cross_entropy")
    let labels = golden.tensor("labels", in: caseName).array.map { Int32($0) }
    let smoothing = Float(golden.number("smoothing", in: caseName))
    let (loss, gradient) = evaluated(golden, caseName) { graph, logits in
      graph.crossEntropy(
        logits, labels: labels, smoothing: smoothing, weight: 1 / Float(labels.count))
    }
    let expected = Double(golden.tensor("output", in: caseName).data[0])
    #expect(abs(loss - expected) <= 1e-6 * max(1, expected))
    let gradients = golden.tensor("input_gradient", in: caseName)
    #expect(largestRelativeDifference(gradient, from: gradients) < 2e-6)
  }

  @Test(arguments: try Golden("regression_losses").cases)
  func regressionAgreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("regression_losses")
    let target = golden.tensor("target", in: caseName)
    let distance: RegressionDistance =
      switch caseName {
      case "mse": .squared
      case "l1": .absolute
      default: .smooth(beta: Float(golden.number("beta", in: caseName)))
      }
    let (loss, gradient) = evaluated(golden, caseName) { graph, x in
      graph.regressionLoss(
        x, target: target.data, distance: distance, weight: 1 / Float(target.count))
    }
    let expected = Double(golden.tensor("output", in: caseName).data[0])
    #expect(abs(loss - expected) <= 1e-6 * max(1, expected))
    let gradients = golden.tensor("input_gradient", in: caseName)
    #expect(largestRelativeDifference(gradient, from: gradients) < 1e-6)
  }

  /// The gradient of a cross entropy of groups against differences of the loss.
  @Test func crossEntropyOfGroupsAgreesWithFiniteDifferences() {
    var random = RandomStream(seed: 8, purpose: "grouped logits")
    var values = (0..<4 * 3 * 7).map { _ in random.uniform(-1, 1) }
    let labels: [Int32] = [0, 6, 3, 3]
    func loss(_ graph: Graph) -> (Double, Node) {
      let x = graph.variable([4, 3, 7], values)
      return (graph.crossEntropy(x, labels: labels, smoothing: 0.2, weight: 0.25), x)
    }
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = loss(graph).1
    graph.backward()
    let gradient = x.gradient.map { Array(UnsafeBufferPointer(start: $0, count: 84)) } ?? []
    for i in values.indices {
      let kept = values[i]
      let moved = [Float(0.02), Float(-0.02)].map { step -> Double in
        values[i] = kept + step
        return loss(Graph(workspace: Workspace(), precision: .fp32)).0
      }
      values[i] = kept
      let slope: Double = (moved[0] - moved[1]) / 0.04
      let error = abs(slope - Double(gradient[i]))
      #expect(error < 1e-4)
    }
  }

  /// Two terms on one prediction: their gradients add up, and so do their values.
  @Test func termsAddUp() {
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = graph.variable([2, 2], [1, -2, 0.5, 3])
    let target: [Float] = [0, 0, 0, 0]
    let squares = graph.regressionLoss(x, target: target, distance: .squared, weight: 0.5)
    let sizes = graph.regressionLoss(x, target: target, distance: .absolute, weight: 2)
    graph.backward()
    #expect(squares == 0.5 * (1 + 4 + 0.25 + 9))
    #expect(sizes == 2 * 6.5)
    #expect(x.gradient.map { [$0[0], $0[1], $0[2], $0[3]] } == [3, -4, 2.5, 5])
  }

  /// Logits of any size give a finite loss, and NaN is not lost.
  @Test func extremes() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let far = graph.constant([1, 3]) { $0.update(from: [0, 3e4, -3e4], count: 3) }
    #expect(graph.crossEntropy(far, labels: [1], weight: 1) == 0)
    #expect(graph.crossEntropy(far, labels: [2], weight: 1) == 6e4)
    let broken = graph.constant([1, 3]) { $0.update(from: [0, .nan, 1], count: 3) }
    #expect(graph.crossEntropy(broken, labels: [0], weight: 1).isNaN)
  }
}
