import Evaluation
import Support
import Tensors
import TestSupport
import Testing

@Suite("Attentive probe")
struct AttentiveHeadsTests {
  private let pool = WorkerPool(threads: 2)

  /// The bits of floats that 16-bit floats represent exactly.
  private func halves(_ tensor: Tensor) -> [UInt16] {
    tensor.array.map { Float16($0).bitPattern }
  }

  private func withTokens<Result>(
    _ tensor: Tensor, _ body: (MemoryTokens) throws -> Result
  ) rethrows -> Result {
    try halves(tensor).withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { preconditionFailure("no tokens") }
      return try body(
        MemoryTokens(
          BatchTokens(
            rows: base, count: tensor.shape[0], tokens: tensor.shape[1], width: tensor.shape[2])))
    }
  }

  private func heads(_ golden: Golden, _ name: String) -> AttentiveHeads {
    let heads = AttentiveHeads(
      tokens: 9, width: 16, heads: golden.integer("heads", in: name), classes: 4,
      settings: [
        .init(
          baseRate: golden.number("rate", in: name) * 256 / 24,
          decay: golden.number("weight_decay", in: name))
      ], seed: 0, pool: pool)
    for (key, value) in golden.group("before/", in: name) {
      heads.store["head.0." + key]?.data.update(from: value.data, count: value.count)
    }
    return heads
  }

  @Test(
    "The gradient of every parameter is PyTorch's, though keys and values are never computed",
    arguments: ["four_heads", "one_head_decay"])
  func gradients(name: String) throws {
    let golden = try Golden("attentive_probe")
    let heads = heads(golden, name)
    let labels = golden.tensor("labels", in: name).array.map { Int32($0) }
    let loss = withTokens(golden.tensor("tokens", in: name)) { input in
      heads.differentiate(input.batch((0..<24).map { $0 }, epoch: 0), labels)
    }
    #expect(abs(loss - Double(golden.tensor("losses", in: name).array[0])) < 1e-5)
    let expected = golden.group("gradient/", in: name)
    #expect(expected.count == 16)
    for (key, value) in expected where key != "norms.key.bias" {
      let parameter = try #require(heads.store["head.0." + key])
      let gradient = Tensor(
        value.shape, Array(UnsafeBufferPointer(start: parameter.gradient, count: value.count)))
      // Outputs have a deviation near 0.1, by which the batch norm multiplies rounding.
      let scale = value.array.map { abs($0) }.max() ?? 0
      let difference = largestRelativeDifference(gradient, from: value)
      #expect(difference < 5e-4 || scale < 1e-6, "\(key): \(difference) of \(scale)")
    }
  }

  @Test("Training ends where PyTorch's does", arguments: ["four_heads", "one_head_decay"])
  func training(name: String) throws {
    let golden = try Golden("attentive_probe")
    let heads = heads(golden, name)
    let labels = golden.tensor("labels", in: name).array.map { Int32($0) }
    try withTokens(golden.tensor("tokens", in: name)) { input in
      // A constant rate: the golden has neither warm-up nor cosine.
      let losses = try heads.train(
        input, labels: labels,
        schedule: ProbeSchedule(epochs: 12, warmUpEpochs: 0, batchSize: 24, isConstant: true))
      let expected = golden.tensor("losses", in: name).array
      for (mine, theirs) in zip(losses, expected) { #expect(abs(mine - Double(theirs)) < 2e-3) }
      let logits = Tensor([24, 4], try heads.logits(input))
      let difference = largestRelativeDifference(logits, from: golden.tensor("logits", in: name))
      #expect(difference < 5e-3)
    }
  }

  /// Tokens of which one, at a random place, says the class.
  private func needles(_ count: Int) -> (tokens: Tensor, labels: [Int32]) {
    let tokens = randomTensor([count, 10, 16], seed: 9)
    var random = RandomStream(seed: 9, purpose: "needles")
    let labels = (0..<count).map { _ in Int32(random.below(4)) }
    for (row, label) in labels.enumerated() {
      let place = (row * 10 + random.below(10)) * 16
      for c in 0..<16 { tokens.data[place + c] *= 0.1 }
      tokens.data[place + 15] = 5
      tokens.data[place + Int(label)] = 5
    }
    return (tokens, labels)
  }

  @Test("Finds the token that matters, and the same for any number of threads")
  func threads() throws {
    let (tokens, labels) = needles(300)
    let logits = try [1, 2, 3].map { threads in
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      let heads = AttentiveHeads(
        tokens: 10, width: 16, heads: 2, classes: 4,
        settings: [.init(baseRate: 0.2), .init(baseRate: 1, decay: 1e-4)], seed: 5, pool: pool)
      return try withTokens(tokens) { input in
        try heads.train(
          input, labels: labels,
          schedule: ProbeSchedule(epochs: 25, warmUpEpochs: 2, batchSize: 60))
        return try heads.logits(input)
      }
    }
    #expect(logits[0] == logits[1])
    #expect(logits[0] == logits[2])
    let right = (0..<300).count { row in
      let start = row * 8 + 4
      let scores = Array(logits[0][start..<start + 4])
      return scores.max() == scores[Int(labels[row])]
    }
    #expect(right > 285)
  }
}
