import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let tokens: [OperatorCase] = [
    OperatorCase(
      "tokens with class, registers and positions", inputs: [[2, 3, 5]],
      parameters: [[1, 1, 5], [1, 2, 5], [1, 5, 5]]
    ) { graph, x, p in
      let none = TokenPlan.noPosition
      let one = [
        TokenPlan.learned(0), TokenPlan.learned(1), TokenPlan.learned(1, row: 1), 2, 0, 0,
      ]
      let other = [TokenPlan.learned(0), 1, 1, 2, TokenPlan.learned(1, row: 1), 0]
      let plan = TokenPlan(
        sources: one + other, positions: [0, none, none, 3, 1, 1, 0, 2, 2, 4, none, none],
        tokens: 6)
      return graph.tokens(x[0], learned: [p[0], p[1]], positions: p[2], plan: plan)
    },
    OperatorCase(
      "tokens with computed positions", inputs: [[2, 3, 5], [1, 4, 5]], parameters: [[1, 1, 5]]
    ) { graph, x, p in
      let sources = [TokenPlan.learned(0), 2, 0, TokenPlan.learned(0), 1, 1]
      let plan = TokenPlan(
        sources: sources, positions: [0, 3, TokenPlan.noPosition, 0, 2, 2], tokens: 3)
      return graph.tokens(x[0], learned: [p[0]], positions: x[1], plan: plan)
    },
    OperatorCase("gathered rows", inputs: [[2, 4, 7]]) { graph, x, _ in
      graph.gathered(x[0], at: [3, 1, 1, 0, 2, 2])
    },
    OperatorCase("mean of tokens", inputs: [[3, 17, 7]]) { graph, x, _ in
      graph.mean(x[0], tokens: 1..<17)
    },
    OperatorCase("mean of one token", inputs: [[1, 1, 1]]) { graph, x, _ in
      graph.mean(x[0], tokens: 0..<1)
    },
  ]
}

@Suite struct TokensTests {
  /// A patch is read channel by channel, each row by row: the layout of a convolution's kernel.
  @Test func patchesAreCutInTheOrderOfAKernel() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let images = graph.constant([1, 2, 4, 6]) { out in for i in 0..<48 { out[i] = Float(i) } }
    let all = graph.patches(images, patch: 2)
    #expect(all.shape == [1, 6, 8])
    #expect(Array(all.array[8..<16]) == [2, 3, 8, 9, 26, 27, 32, 33])
    let some = graph.patches(images, patch: 2, order: [4, 1])
    #expect(some.array == Array(all.array[32..<40]) + Array(all.array[8..<16]))
  }

  @Test func gatherTakesRowsOfTheSameImage() {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let x = graph.constant([2, 3, 1]) { out in for i in 0..<6 { out[i] = Float(i) } }
    #expect(graph.gathered(x, at: [2, 0, 1, 1]).array == [2, 0, 4, 4])
  }
}
