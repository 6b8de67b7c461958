import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let elementwise: [OperatorCase] =
    Activation.allCases.map { activation in
      OperatorCase("\(activation.rawValue) 5×13", inputs: [[5, 13]]) { graph, x, _ in
        graph.activated(x[0], activation)
      }
      // No element lies at the kink of ReLU, nor within two steps of it.
      .with {
        $0.range = -3...3
        if activation == .relu { ($0.spacing, $0.step) = (6.0 / 65, 0.01) }
      }
    } + [
      OperatorCase("sum", inputs: [[3, 7], [3, 7]]) { graph, x, _ in graph.add(x[0], x[1]) },
      OperatorCase("doubled", inputs: [[17]]) { graph, x, _ in graph.add(x[0], x[0]) },
      OperatorCase("product", inputs: [[3, 7], [3, 7]]) { graph, x, _ in
        graph.multiplied(x[0], x[1])
      },
      OperatorCase("squared", inputs: [[65]]) { graph, x, _ in graph.multiplied(x[0], x[0]) },
      OperatorCase("layer scale", inputs: [[5, 7]], parameters: [[7]]) { graph, x, p in
        graph.scaled(x[0], by: p[0])
      },
      OperatorCase("layer scale, residual", inputs: [[5, 7], [5, 7]], parameters: [[7]]) {
        graph, x, p in
        graph.scaled(x[0], by: p[0], residual: x[1])
      },
      OperatorCase("layer scale onto itself", inputs: [[1, 17]], parameters: [[17]]) {
        graph, x, p in
        graph.scaled(x[0], by: p[0], residual: x[0])
      },
      OperatorCase("layer scales of groups of rows", inputs: [[6, 7]], parameters: [[3 * 7]]) {
        graph, x, p in
        graph.scaled(x[0], by: p[0])
      },
      OperatorCase("gated SiLU", inputs: [[3, 14]]) { graph, x, _ in graph.gatedSiLU(x[0]) },
      OperatorCase("reshaped", inputs: [[4, 6]]) { graph, x, _ in
        let narrow = x[0].reshaped([8, 3])
        return graph.add(graph.multiplied(narrow, narrow), narrow)
      },
      OperatorCase("converted", inputs: [[3, 5]]) { graph, x, _ in
        graph.converted(x[0], to: graph.precision.computeType)
      },
    ]
}

@Suite struct ElementwiseTests {
  @Test(arguments: ["random", "grid"])
  func geluAgreesWithPyTorch(caseName: String) throws {
    let differences = GoldenRun(try Golden("gelu"), caseName).differences { graph, x in
      graph.activated(x, .gelu)
    }
    for (name, difference) in differences { #expect(difference < 1e-6, "\(name)") }
  }
}
