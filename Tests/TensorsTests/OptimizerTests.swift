import Support
import Tensors
import TestSupport
import Testing

@Suite struct OptimizerTests {
  private let names = ["matrix", "vector", "token"]

  private func optimizer(_ golden: Golden, _ caseName: String, _ store: ParameterStore)
    -> any Optimizer
  {
    let number = { (key: String) in golden.number(key, in: caseName) }
    let rule = ParameterRule.usual(decay: number("weight_decay"))
    switch golden.word("kind", in: caseName) {
    case "adamw":
      return AdamW(
        store, betas: (number("beta1"), number("beta2")), epsilon: number("epsilon"), rule: rule)
    case "sgd": return SGD(store, momentum: number("momentum"), rule: rule)
    default:
      return LARS(store, momentum: number("momentum"), trust: number("trust"), rule: rule)
    }
  }

  @Test(arguments: try Golden("optimizers").cases)
  func tenStepsAgreeWithPyTorch(caseName: String) throws {
    let golden = try Golden("optimizers")
    let store = ParameterStore()
    let parameters = names.map { store.add($0, golden.tensor($0, in: caseName).shape) }
    for parameter in parameters {
      parameter.data.update(
        from: golden.tensor(parameter.name, in: caseName).data, count: parameter.count)
    }
    let optimizer = optimizer(golden, caseName, store)
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    for (step, rate) in golden.tensor("rates", in: caseName).array.enumerated() {
      for parameter in parameters {
        let gradients = golden.tensor(parameter.name + "_gradients", in: caseName)
        parameter.gradient.update(
          from: gradients.data + step * parameter.count, count: parameter.count)
      }
      optimizer.step(learningRate: Double(rate), pool: pool)
      for parameter in parameters {
        let values = golden.tensor(parameter.name + "_values", in: caseName)
        let start = step * parameter.count
        for i in 0..<parameter.count {
          let (ours, theirs) = (parameter.data[i], values.data[start + i])
          #expect(
            abs(ours - theirs) <= 2e-6 * max(1, abs(theirs)), "\(parameter.name), step \(step)")
        }
      }
    }
    #expect(optimizer.steps == 10)
  }

  /// Fixed tables keep their values whatever their gradient and decay; factors scale the rate.
  @Test func rulesAreObeyed() {
    let store = ParameterStore()
    let fixed = store.add("fixed", [2, 2], isTrainable: false)
    let slow = store.add("slow", [2])
    let fast = store.add("fast", [2])
    for parameter in [fixed, slow, fast] {
      parameter.data.update(repeating: 1, count: parameter.count)
      parameter.gradient.update(repeating: 1, count: parameter.count)
    }
    let pool = WorkerPool(threads: 1)
    SGD(store, momentum: 0) {
      ParameterRule(rateFactor: $0.name == "slow" ? 0.5 : 1, decay: 0)
    }.step(learningRate: 0.25, pool: pool)
    #expect(fixed.data[0] == 1 && slow.data[0] == 0.875 && fast.data[1] == 0.75)
  }

  @Test(arguments: ["clips", "leaves"])
  func clippingAgreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("clipping")
    let store = ParameterStore()
    let parameters = names.map { store.add($0, golden.tensor($0, in: caseName).shape) }
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let runner = DataParallel(pool: pool, stores: [store], precision: .fp32)
    for parameter in parameters {
      parameter.gradient.update(
        from: golden.tensor(parameter.name, in: caseName).data, count: parameter.count)
    }
    let norm = runner.gradientNorm()
    #expect(abs(norm - Double(golden.tensor("norm", in: caseName).data[0])) < 1e-5)
    let limit = golden.number("limit", in: caseName)
    runner.scaleGradients(by: Float(min(1, limit / (norm + 1e-6))))
    for parameter in parameters {
      let expected = golden.tensor(parameter.name + "_clipped", in: caseName)
      for i in 0..<parameter.count {
        #expect(abs(parameter.gradient[i] - expected.data[i]) <= 1e-6)
      }
    }
  }
}
