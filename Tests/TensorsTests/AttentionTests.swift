import Support
import Tensors
import TestSupport
import Testing

extension OperatorCase {
  /// Attention reads the compute type; converting there and back belongs to the case.
  static let attention: [OperatorCase] =
    [(2, 1, 6, 2), (3, 7, 12, 3), (1, 17, 8, 1), (1, 65, 10, 2), (2, 17, 24, 4)].map {
      batch, tokens, width, heads in
      OperatorCase(
        "attention \(batch)×\(tokens)×\(width), \(heads) heads",
        inputs: [[batch, tokens, 3 * width]]
      ) { graph, x, _ in
        graph.attention(graph.converted(x[0], to: graph.precision.computeType), heads: heads)
      }
    } + [
      OperatorCase("attention with a bias", inputs: [[2, 5, 36]]) { graph, x, _ in
        let bias = graph.constant([3, 5, 5]) { out in
          for i in 0..<75 { out[i] = Float(i % 7) / 3 - 1 }
        }
        return graph.attention(
          graph.converted(x[0], to: graph.precision.computeType), heads: 3, bias: bias)
      },
      OperatorCase(
        "attention with a learned bias", inputs: [[3, 5, 36]], parameters: [[7, 3]]
      ) { graph, x, p in
        let rows = (0..<25).map { Int32($0 * $0 % 7) }
        let bias = graph.columns(rows, of: p[0]).reshaped([3, 5, 5])
        return graph.attention(
          graph.converted(x[0], to: graph.precision.computeType), heads: 3, bias: bias)
      },
      OperatorCase(
        "attention with a bias over several groups", inputs: [[2, 180, 24]], parameters: [[9, 4]]
      ) { graph, x, p in
        let rows = (0..<180 * 180).map { Int32($0 * 7 % 9) }
        let bias = graph.columns(rows, of: p[0]).reshaped([4, 180, 180])
        return graph.attention(
          graph.converted(x[0], to: graph.precision.computeType), heads: 4, bias: bias)
      },
      OperatorCase("cross-attention", inputs: [[2, 3, 8], [2, 7, 8], [2, 7, 8]]) { graph, x, _ in
        let x = x.map { graph.converted($0, to: graph.precision.computeType) }
        return graph.attention(query: x[0], key: x[1], value: x[2], heads: 2)
      },
      OperatorCase("cross-attention, key is value", inputs: [[2, 1, 8], [2, 7, 8]]) { graph, x, _ in
        let x = x.map { graph.converted($0, to: graph.precision.computeType) }
        return graph.attention(query: x[0], key: x[1], value: x[1], heads: 2)
      },
      OperatorCase("self-attention without projections", inputs: [[1, 5, 8]]) { graph, x, _ in
        let x = graph.converted(x[0], to: graph.precision.computeType)
        return graph.attention(query: x, key: x, value: x, heads: 2)
      },
    ]
}

@Suite struct AttentionTests {
  @Test(arguments: try Golden("attention").cases)
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("attention")
    let heads = golden.integer("heads", in: caseName)
    let differences = GoldenRun(golden, caseName).differences { graph, x in
      graph.attention(x, heads: heads)
    }
    // Scores of ±1000 amplify a rounding of 1 ulp; one token has no gradient to its query.
    let tolerance: Float = caseName == "large_scores" ? 2e-4 : 5e-6
    for (name, difference) in differences { #expect(difference < tolerance, "\(name)") }
  }

  /// More scores than fit the cache are computed in groups, of images and of heads.
  @Test(arguments: [(9, 65, 3), (2, 230, 3)])
  func groupsChangeNothing(batch: Int, tokens: Int, heads: Int) {
    let width = heads * 4
    var random = RandomStream(seed: 5, purpose: "groups")
    let values = (0..<batch * tokens * 3 * width).map { _ in random.normal() }
    func outputs(_ values: [Float], _ batch: Int) -> (output: [Float], gradient: [Float]) {
      let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
      let x = graph.variable([batch, tokens, 3 * width], values)
      let out = graph.attention(x, heads: heads)
      graph.seed(out, gradient: out.array)
      graph.backward()
      return (
        out.array, x.gradient.map { Array(UnsafeBufferPointer(start: $0, count: x.count)) } ?? []
      )
    }
    let together = outputs(values, batch)
    let length = tokens * 3 * width
    let apart = (0..<batch).map { outputs(Array(values[$0 * length..<($0 + 1) * length]), 1) }
    #expect(together.output == apart.flatMap(\.output))
    #expect(together.gradient == apart.flatMap(\.gradient))
  }
}
