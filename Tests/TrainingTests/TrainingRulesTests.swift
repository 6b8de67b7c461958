import Encoders
import Support
import Tensors
import TestSupport
import Testing
import Training

/// What training does to parameters beside the optimiser, against timm and PyTorch.
@Suite struct TrainingRulesTests {
  private let golden: Golden
  init() throws { golden = try Golden("training_rules") }

  @Test(arguments: ["vit", "resnet"])
  func layerDecayIsTimms(caseName: String) throws {
    let encoder: any Encoder
    if caseName == "vit" {
      var c = VisionTransformerConfiguration(width: 24, depth: 2, heads: 3, patch: 4, side: 16)
      c.positions = .sinCos
      encoder = try VisionTransformer(c, name: "golden")
    } else {
      encoder = try EncoderCatalog.declare("resnet18@224")
    }
    let rules = ParameterRules(
      decay: golden.number("weight_decay", in: caseName), undecayed: ["pos_embed", "cls_token"],
      layerDecay: golden.number("layer_decay", in: caseName))
    let expected = golden.group("rule/", in: caseName)
    let trained = encoder.parameters.parameters.filter(\.isTrainable)
    #expect(Set(trained.map(\.name)) == Set(expected.keys))
    for parameter in trained {
      let rule = rules.of(encoder)(parameter)
      let theirs = try #require(expected[parameter.name])
      #expect(abs(rule.rateFactor - theirs.data[0]) < 1e-6, "\(parameter.name)")
      #expect(rule.decay == theirs.data[1], "\(parameter.name)")
    }
  }

  @Test func frozenLayersStay() throws {
    let encoder = try EncoderCatalog.make("vit-tiny/4@16", seed: 0)
    let rules = ParameterRules(decay: 0.1, frozenLayers: 3)
    let before = encoder.parameters.parameters.map(values)
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let store = encoder.parameters
    for kind: OptimizerKind in [
      .adamW(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), .sgd(momentum: 0.9, isNesterov: true),
      .lars(momentum: 0.9, trust: 0.001, remembersRate: true),
    ] {
      let optimizer = kind.make(store, rule: rules.of(encoder))
      for index in 0..<store.extent { store.gradient[index] = 1 }
      optimizer.step(learningRate: 0.1, pool: pool)
      for (parameter, old) in zip(store.parameters, before) where parameter.isTrainable {
        #expect(
          (values(parameter) == old) == (encoder.layer(of: parameter) < 3), "\(parameter.name)")
        parameter.data.update(from: old, count: old.count)
      }
    }
  }

  private func values(_ parameter: Parameter) -> [Float] {
    Array(UnsafeBufferPointer(start: parameter.data, count: parameter.count))
  }

  @Test func movingAverageIsTimms() {
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let (student, teacher) = (ParameterStore(), ParameterStore())
    let weights = [student, teacher].map { $0.add("weight", [5]) }
    let start = golden.tensor("start", in: "average")
    for weight in weights { weight.data.update(from: start.data, count: 5) }
    let others = golden.tensor("others", in: "average")
    let after = golden.tensor("after", in: "average")
    let share = Float(1 - golden.number("momentum", in: "average"))
    for step in 0..<3 {
      weights[0].data.update(from: others.data + step * 5, count: 5)
      teacher.approach(student, share: share, pool: pool)
      for index in 0..<5 {
        #expect(abs(weights[1].data[index] - after.data[step * 5 + index]) < 1e-6)
      }
    }
  }

  @Test func nesterovIsPyTorchs() {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let number = { [golden] (key: String) in golden.number(key, in: "nesterov") }
    let store = ParameterStore()
    let weight = store.add("weight", [4])
    weight.data.update(from: golden.tensor("weights", in: "nesterov").data, count: 4)
    let optimizer = OptimizerKind.sgd(momentum: number("momentum"), isNesterov: true).make(store) {
      _ in ParameterRule(decay: Float(number("decay")))
    }
    let gradients = golden.tensor("gradients", in: "nesterov")
    let after = golden.tensor("after", in: "nesterov")
    for step in 0..<5 {
      weight.gradient.update(from: gradients.data + step * 4, count: 4)
      optimizer.step(learningRate: number("rate"), pool: pool)
      for index in 0..<4 {
        #expect(abs(weight.data[index] - after.data[step * 4 + index]) < 1e-6)
      }
    }
  }

  /// The rate inside the memory: the same as outside while the rate stays, and not when it changes.
  @Test func larsThatRemembersItsRate() {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    func weights(remembers: Bool, rates: [Double]) -> [Float] {
      let store = ParameterStore()
      let weight = store.add("weight", [2, 3])
      weight.data.update(from: [0.5, -1, 2, 0.25, 1, -0.75], count: 6)
      let kind = OptimizerKind.lars(momentum: 0.9, trust: 0.01, remembersRate: remembers)
      let optimizer = kind.make(store) { _ in ParameterRule(decay: 0.1) }
      for rate in rates {
        weight.gradient.update(from: [1, -2, 0.5, 0.25, -1, 3], count: 6)
        optimizer.step(learningRate: rate, pool: pool)
      }
      return Array(UnsafeBufferPointer(start: weight.data, count: 6))
    }
    let (inside, outside) = (
      weights(remembers: true, rates: [1, 1, 1]), weights(remembers: false, rates: [1, 1, 1])
    )
    #expect(zip(inside, outside).allSatisfy { abs($0 - $1) < 1e-6 })
    let change = [1, 0.1, 0.1]
    #expect(weights(remembers: true, rates: change) != weights(remembers: false, rates: change))
  }

  @Test(arguments: try Golden("schedule").cases)
  func scheduleAgreesWithThePaper(caseName: String) throws {
    let golden = try Golden("schedule")
    let integer = { (key: String) in golden.integer(key, in: caseName) }
    let schedule = Schedule(
      .cosine, peak: golden.number("peak", in: caseName), end: golden.number("floor", in: caseName),
      warmUp: integer("warmup") * integer("iterations"),
      total: integer("epochs") * integer("iterations"))
    for (step, rate) in golden.tensor("rates", in: caseName).array.enumerated() {
      #expect(abs(schedule.value(at: step) - Double(rate)) <= 1e-6 * schedule.peak)
    }
  }

  @Test func schedules() {
    let warm = Schedule(.cosine, peak: 1, end: 0.1, start: 0.5, warmUp: 4, total: 12)
    #expect(warm.value(at: 0) == 0.5 && warm.value(at: 2) == 0.75 && warm.value(at: 4) == 1)
    #expect(abs(warm.value(at: 8) - 0.55) < 1e-12 && abs(warm.value(at: 12) - 0.1) < 1e-12)
    #expect(warm.value(at: 100) == warm.value(at: 12))
    let steps = Schedule(.steps([3, 6], factor: 0.5), peak: 2, total: 9)
    #expect([0, 2, 3, 5, 6, 9].map { steps.value(at: $0) } == [2, 2, 1, 1, 0.5, 0.5])
    let rise = Schedule(.linear, peak: 0.99, end: 0.9995, total: 10)
    #expect(rise.value(at: 0) == 0.99 && abs(rise.value(at: 5) - 0.99475) < 1e-12)
    #expect(abs(rise.value(at: 20) - 0.9995) < 1e-12)
    #expect(Schedule.constant(3).value(at: 7) == 3)
  }
}
