import Support
import Tensors
import TestSupport
import Testing

/// Tokens as 16-bit floats, which live as long as the tests.
private func halves(_ values: [Float], _ shape: [Int]) -> BatchTokens {
  let memory = UnsafeMutablePointer<UInt16>.allocate(capacity: values.count)
  for (index, value) in values.enumerated() { memory[index] = Float16(value).bitPattern }
  return BatchTokens(rows: memory, count: shape[0], tokens: shape[1], width: shape[2])
}

extension OperatorCase {
  static let attentionPooling: [OperatorCase] = [(1, 1, 5, 1), (3, 7, 17, 5), (2, 20, 6, 18)].map {
    batch, tokens, width, rows in
    var random = RandomStream(seed: 6, purpose: "tokens to pool")
    let input = halves(
      (0..<batch * tokens * width).map { _ in random.normal() }, [batch, tokens, width])
    return OperatorCase(
      "attention pooling \(batch)×\(tokens)×\(width), \(rows) rows", inputs: [[rows, width]]
    ) { graph, x, _ in
      graph.attentionPooled(input, directions: x[0], scale: 0.5, epsilon: 1e-6)
    }
  }
}

@Suite struct AttentionPoolingTests {
  @Test(arguments: try Golden("attention_pooling").cases)
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("attention_pooling")
    let tokens = golden.tensor("tokens", in: caseName)
    let input = halves(tokens.array, tokens.shape)
    let differences = GoldenRun(golden, caseName).differences { graph, x in
      graph.attentionPooled(
        input, directions: x, scale: Float(golden.number("scale", in: caseName)),
        epsilon: Float(golden.number("epsilon", in: caseName)))
    }
    // One token has all the weight, whatever the direction: its gradient is zero.
    for (name, difference) in differences { #expect(difference < 5e-6, "\(name)") }
  }

  /// Examples in any order, in slices and in teams, are the examples one by one.
  @Test func examplesAreIndependent() {
    var random = RandomStream(seed: 7, purpose: "examples")
    let (count, tokens, width, rows) = (40, 65, 192, 4)
    let all = halves(
      (0..<count * tokens * width).map { _ in random.normal() }, [count, tokens, width])
    let directions = (0..<rows * width).map { _ in random.normal() }
    let order = (0..<Int32(count)).reversed().map { $0 }
    func pooled(_ examples: [Int32], _ graph: Graph) -> [Float] {
      let node = graph.constant([rows, width]) { $0.update(from: directions, count: rows * width) }
      return graph.attentionPooled(
        BatchTokens(all, examples: examples), directions: node, scale: 0.1, epsilon: 1e-6
      ).array
    }
    let alone = order.flatMap { pooled([$0], Graph(workspace: Workspace(), precision: .fp32)) }
    for threads in [1, 3] {
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      let together = pooled(order, Graph(team: WorkerTeam(pool), precision: .fp32))
      #expect(
        largestRelativeDifference(
          Tensor([together.count], together), from: Tensor([alone.count], alone)) < 1e-5)
    }
  }
}
