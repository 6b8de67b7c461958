import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let linear: [OperatorCase] =
    [(1, 1, 1), (7, 17, 5), (65, 7, 33), (17, 65, 1)].flatMap { rows, inner, columns in
      let extents = "\(rows)×\(inner)→\(columns)"
      let (x, weight, bias) = ([rows, inner], [columns, inner], [columns])
      return [
        OperatorCase("linear \(extents)", inputs: [x], parameters: [weight, bias]) { graph, x, p in
          graph.linear(x[0], weight: p[0], bias: p[1], output: .float32)
        },
        OperatorCase("linear \(extents), compute type", inputs: [x], parameters: [weight]) {
          graph, x, p in
          graph.linear(x[0], weight: p[0], bias: nil)
        },
        OperatorCase(
          "linear \(extents), residual", inputs: [x, [rows, columns]], parameters: [weight, bias]
        ) { graph, x, p in
          graph.linear(x[0], weight: p[0], bias: p[1], residual: x[1])
        },
        OperatorCase("linear \(extents), GELU", inputs: [x], parameters: [weight, bias]) {
          graph, x, p in
          graph.linear(x[0], weight: p[0], bias: p[1], activation: .gelu)
        },
      ]
    } + [
      OperatorCase("linear onto its own input", inputs: [[3, 7]], parameters: [[7, 7], [7]]) {
        graph, x, p in
        graph.linear(x[0], weight: p[0], bias: p[1], residual: x[0])
      },
      OperatorCase("two layers of one weight", inputs: [[2, 3, 7]], parameters: [[7, 7], [7]]) {
        graph, x, p in
        let hidden = graph.linear(x[0], weight: p[0], bias: p[1], activation: .geluTanh)
        return graph.linear(hidden, weight: p[0], bias: p[1])
      },
    ]
}

@Suite struct LinearTests {
  @Test(arguments: ["plain", "bias", "gelu", "one"])
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("linear")
    let run = GoldenRun(golden, caseName, parameters: ["weight", "bias"])
    let weight = run.required("weight")
    let differences = run.differences { graph, x in
      golden.flag("gelu", in: caseName)
        ? graph.linear(x, weight: weight, bias: run.parameter("bias"), activation: .gelu)
        : graph.linear(x, weight: weight, bias: run.parameter("bias"))
    }
    // Sums of at most 66 products, and GELU within 1e-6.
    for (name, difference) in differences { #expect(difference < 3e-6, "\(name)") }
  }

  @Test func allGoldenCasesAreRead() throws {
    #expect(try Golden("linear").cases == ["bias", "gelu", "one", "plain"])
  }
}
