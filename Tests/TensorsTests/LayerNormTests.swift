import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let layerNorm: [OperatorCase] = [
    (1, 17, 1), (7, 65, 1), (3, 7, 1), (65, 16, 1), (6, 17, 3),
  ].map { rows, width, groups in
    OperatorCase(
      "layer norm \(rows)×\(width), \(groups) gains", inputs: [[rows, width]],
      parameters: [[groups * width], [groups * width]]
    ) { graph, x, p in
      graph.layerNorm(x[0], gain: p[0], bias: p[1], epsilon: 1e-6)
    }
    // A row's deviation is about a half; narrow rows curve more.
    .with { $0.step = 0.02 }
  }
}

@Suite struct LayerNormTests {
  @Test(arguments: try Golden("layer_norm").cases)
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("layer_norm")
    let run = GoldenRun(golden, caseName, parameters: ["weight", "bias"])
    let (gain, bias) = (run.required("weight"), run.required("bias"))
    let epsilon = Float(golden.number("epsilon", in: caseName))
    let differences = run.differences { graph, x in
      graph.layerNorm(x, gain: gain, bias: bias, epsilon: epsilon)
    }
    // Far from zero the mean takes five bits from the rest.
    let tolerance: Float = caseName == "far_from_zero" ? 2e-5 : 3e-6
    for (name, difference) in differences { #expect(difference < tolerance, "\(name)") }
  }

  /// A row of one value has no deviation: the result is the bias, not NaN.
  @Test func constantRows() {
    let store = ParameterStore()
    let (gain, bias) = (store.add("gain", [9]), store.add("bias", [9]))
    for i in 0..<9 { (gain.data[i], bias.data[i]) = (2, Float(i)) }
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let x = graph.constant([2, 9]) { $0.update(repeating: 3, count: 18) }
    let out = graph.layerNorm(x, gain: gain, bias: bias, epsilon: 1e-6)
    #expect(out.array == [0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8])
  }
}
