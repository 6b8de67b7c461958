import Evaluation
import Support
import Tensors
import TestSupport
import Testing

@Suite("Linear probe")
struct LinearHeadsTests {
  private let pool = WorkerPool(threads: 2)

  @Test(
    "Weights, running statistics and logits are those of PyTorch",
    arguments: ["published", "decay"])
  func golden(name: String) throws {
    let golden = try Golden("linear_probe")
    let features = golden.tensor("features", in: name)
    let labels = golden.tensor("labels", in: name).array.map { Int32($0) }
    let heads = LinearHeads(
      width: 20, classes: 5,
      settings: [
        .init(
          baseRate: golden.number("peak", in: name) * 256 / 96,
          decay: golden.number("weight_decay", in: name))
      ], seed: 0, pool: pool)
    heads.weights[0].data.update(from: golden.tensor("weight", in: name).data, count: 100)
    let input = MemoryFeatures(features)
    let schedule = ProbeSchedule(
      epochs: golden.integer("steps", in: name), warmUpEpochs: golden.integer("warm_up", in: name),
      batchSize: 96)
    let loss = try heads.train(input, labels: labels, schedule: schedule)

    // PyTorch normalises in float32 columns whose mean is up to 3,000 deviations, we shift first.
    func compare(_ values: [Float], _ key: String, within tolerance: Float) {
      let expected = golden.tensor(key, in: name)
      let difference = largestRelativeDifference(Tensor(expected.shape, values), from: expected)
      #expect(difference < tolerance, "\(key)")
    }
    compare(
      Array(UnsafeBufferPointer(start: heads.weights[0].data, count: 100)), "final_weight",
      within: 2e-3)
    compare(
      Array(UnsafeBufferPointer(start: heads.biases[0].data, count: 5)), "final_bias", within: 2e-3)
    compare(heads.runningMean, "running_mean", within: 1e-5)
    compare(heads.runningVariance, "running_variance", within: 1e-4)
    compare(try heads.logits(input), "logits", within: 3e-3)
    #expect(abs(loss - Double(golden.tensor("losses", in: name).array[23])) < 1e-3)
  }

  /// Features that separate four classes, with noise, in a random order.
  private func clusters(_ count: Int, scale: Float = 1) -> (features: Tensor, labels: [Int32]) {
    let features = randomTensor([count, 12], seed: 3)
    let labels = (0..<count).map { Int32($0 * 7 % 4) }
    for (row, label) in labels.enumerated() {
      features.data[row * 12 + Int(label)] += 1
      for c in 0..<12 { features.data[row * 12 + c] *= scale }
    }
    return (features, labels)
  }

  @Test("Does not depend on the number of threads, in the search neither")
  func threads() throws {
    let (features, labels) = clusters(333)
    let input = MemoryFeatures(features)
    let logits = try [1, 2, 3].map { threads in
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      let heads = LinearHeads(
        width: 12, classes: 4, settings: [.init(baseRate: 1), .init(baseRate: 10, decay: 1e-3)],
        seed: 5, pool: pool)
      try heads.train(
        input, labels: labels,
        schedule: ProbeSchedule(epochs: 5, warmUpEpochs: 1, batchSize: 100))
      return try heads.logits(input)
    }
    #expect(logits[0] == logits[1])
    #expect(logits[0] == logits[2])
  }

  @Test("A head trained beside others is the head trained alone")
  func sideBySide() throws {
    let (features, labels) = clusters(200)
    let input = MemoryFeatures(features)
    let schedule = ProbeSchedule(epochs: 10, warmUpEpochs: 2, batchSize: 64)
    let settings = [LinearHeads.Setting(baseRate: 3), .init(baseRate: 0.3, decay: 0.01)]
    func logits(_ settings: [LinearHeads.Setting]) throws -> [Float] {
      let heads = LinearHeads(width: 12, classes: 4, settings: settings, seed: 5, pool: pool)
      try heads.train(input, labels: labels, schedule: schedule)
      return try heads.logits(input)
    }
    let both = try logits(settings)
    for head in 0..<2 {
      let alone = Tensor([200, 4], try logits([settings[head]]))
      var beside: [Float] = []
      for row in 0..<200 {
        let start = (row * 2 + head) * 4
        beside += both[start..<start + 4]
      }
      #expect(largestRelativeDifference(Tensor([200, 4], beside), from: alone) < 1e-4)
    }
  }

  @Test("Learns the same from features of any scale")
  func scaling() throws {
    // Small scales are left out: there epsilon (1e-6) is not nothing beside the variance.
    let logits = try [Float(1), 1000, 30].map { scale in
      let (features, labels) = clusters(256, scale: scale)
      let heads = LinearHeads(
        width: 12, classes: 4, settings: [.init(baseRate: 3)], seed: 5, pool: pool)
      let input = MemoryFeatures(features)
      try heads.train(
        input, labels: labels, schedule: ProbeSchedule(epochs: 20, warmUpEpochs: 2, batchSize: 64))
      return Tensor([256, 4], try heads.logits(input))
    }
    #expect(largestRelativeDifference(logits[1], from: logits[0]) < 1e-3)
    #expect(largestRelativeDifference(logits[2], from: logits[0]) < 1e-3)
  }

  @Test("Tells one-hot features apart without an error")
  func oneHot() throws {
    let features = Tensor([200, 10])
    for row in 0..<200 { features.data[row * 10 + row % 10] = 1 }
    let labels = (0..<200).map { Int32($0 % 10) }
    let heads = LinearHeads(
      width: 10, classes: 10, settings: [.init(baseRate: 10)], seed: 1, pool: pool)
    let input = MemoryFeatures(features)
    try heads.train(
      input, labels: labels, schedule: ProbeSchedule(epochs: 40, warmUpEpochs: 4, batchSize: 50))
    let logits = try heads.logits(input)
    for row in 0..<200 {
      let start = row * 10
      let scores = Array(logits[start..<start + 10])
      #expect(scores.max() == scores[row % 10])
    }
  }
}
