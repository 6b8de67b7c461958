import Foundation
import Support
import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let reductions: [OperatorCase] = [(0..<1), (1..<2), (2..<3), (0..<2), (1..<3), (0..<3)]
    .flatMap { axes in
      [
        OperatorCase("sum over \(axes)", inputs: [[3, 7, 17]]) { graph, x, _ in
          graph.sum(x[0], axes: axes)
        },
        OperatorCase("mean over \(axes)", inputs: [[2, 5, 1]]) { graph, x, _ in
          graph.mean(x[0], axes: axes)
        },
      ]
    }

  static let rows: [OperatorCase] = [
    OperatorCase("embedding", inputs: [], parameters: [[7, 5]]) { graph, _, p in
      graph.rows([6, 0, 3, 3, 3], of: p[0])
    },
    OperatorCase("embedding as columns", inputs: [], parameters: [[7, 5]]) { graph, _, p in
      graph.columns([6, 0, 3, 3, 3], of: p[0])
    },
    OperatorCase("unit rows", inputs: [[5, 17]]) { graph, x, _ in graph.normalized(x[0]) },
    OperatorCase("unit rows of one", inputs: [[3, 1]]) { graph, x, _ in
      graph.normalized(x[0])
    }
    // The sign is all that is left; it does not change within a step.
    .with { ($0.range, $0.step) = (1...2, 0.1) },
  ]
}

@Suite struct RowsTests {
  /// A row of zeros stays one, and its gradient is finite.
  @Test func rowsOfZeros() {
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = graph.variable([2, 2], [0, 0, 3, 4])
    let out = graph.normalized(x, epsilon: 0.5)
    #expect(out.array == [0, 0, 0.6, 0.8])
    graph.seed(out, gradient: [1, 2, 0, 0])
    graph.backward()
    #expect(x.gradient?[0] == 2 && x.gradient?[1] == 4)
  }

  private func streams(_ count: Int) -> [RandomStream] {
    (0..<count).map { RandomStream(seed: 1, purpose: "drop", $0) }
  }

  @Test func dropPathDropsWholeExamples() {
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = graph.variable([200, 3], [Float](repeating: 1, count: 600))
    let out = graph.dropPath(x, rate: 0.5, streams: streams(200))
    graph.seed(out, gradient: [Float](repeating: 3, count: 600))
    graph.backward()
    let values = out.array
    #expect(Set(values) == [0, 2])
    #expect((0..<200).allSatisfy { values[3 * $0] == values[3 * $0 + 2] })
    #expect((70...130).contains(values.filter { $0 == 0 }.count / 3))
    #expect(x.gradient.map { $0[0] == 3 * values[0] } == true)
  }

  /// Outside training nothing is dropped.
  @Test func evaluationDropsNothing() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let x = graph.constant([2, 2]) { $0.update(repeating: 1, count: 4) }
    #expect(graph.dropPath(x, rate: 0.9, streams: streams(2)) === x)
  }
}
