import Support
import Tensors
import Training

/// The optimiser's part of a recipe: which, and its rates and decay over the run.
package struct OptimizerSettings: Sendable {
  /// The optimiser with what it is made with.
  package let kind: OptimizerKind
  /// The rate for a batch of `baseBatch`.
  package let baseLearningRate: Double
  /// Examples that the base rate is for; the rate grows in proportion with the batch.
  package let baseBatch: Int
  /// The encoder's width that the base rate is for; nil when it is for the recipe's own.
  package let baseWidth: Int?
  package let minimumLearningRate: Double
  /// The rate at the first step of the warm-up.
  package let warmUpLearningRate: Double
  package let warmUpEpochs: Double
  /// The warm-up is never longer than this share of all epochs.
  package let warmUpShare: Double
  package let weightDecay: Double
  /// The decay at the end, to which it goes by half a cosine; nil when it stays.
  package let finalWeightDecay: Double?
  /// Largest norm of the gradient; 0 does not clip.
  package let gradientClip: Double
  /// What steps do to each parameter.
  package let rules: ParameterRules
  private let shape: String
  private let stepEpochs: [Double]
  private let stepFactor: Double

  init(_ fields: Fields) throws {
    baseLearningRate = try fields.take(
      "base_learning_rate", default: 1.5e-4, in: 0...10, "for a batch of base_batch")
    baseWidth = try fields.takeOptional(
      "base_width", in: 1...100_000,
      "width that the base rate is for; narrower encoders get a rate in inverse proportion")
    minimumLearningRate = try fields.take(
      "minimum_learning_rate", default: 0.0, in: 0...10, "at the end")
    warmUpEpochs = try fields.take(
      "warm_up_epochs", default: 40.0, in: 0..., "from warm_up_learning_rate")
    warmUpShare = try fields.take(
      "warm_up_share", default: 0.1, in: 0...1, "longest warm-up as a share of all epochs")
    let beta1 = try fields.take("beta1", default: 0.9, in: 0...0.99999, "of the mean gradient")
    let beta2 = try fields.take("beta2", default: 0.95, in: 0...0.999999, "of its square")
    let epsilon = try fields.take("epsilon", default: 1e-8, in: 1e-12...1, "added to the root")
    weightDecay = try fields.take(
      "weight_decay", default: 0.05, in: 0...10, "decoupled; none on one-dimensional weights")
    gradientClip = try fields.take(
      "gradient_clip", default: 0.0, in: 0..., "largest norm of the gradient; 0 does not clip")
    // Keys that came later: a recipe without them resolves as it did.
    fields.recordsDefaults = false
    baseBatch = try fields.take(
      "base_batch", default: 256, in: 1...1_000_000, "examples that the base rate is for")
    warmUpLearningRate = try fields.take(
      "warm_up_learning_rate", default: 0.0, in: 0...10, "at the first step")
    finalWeightDecay = try fields.takeOptional(
      "final_weight_decay", in: 0...10, "at the end, by half a cosine; it stays if absent")
    (shape, stepEpochs, stepFactor) = try Self.schedule(fields)
    kind = try Self.kind(fields, (beta1, beta2), epsilon)
    rules = try Self.rules(fields, decay: weightDecay)
    if finalWeightDecay != nil, weightDecay == 0 {
      throw fields.error(
        at: "final_weight_decay", "a decay of 0 leads nowhere", "raise weight_decay")
    }
  }

  private static func schedule(_ fields: Fields) throws -> (String, [Double], Double) {
    let shape = try fields.takeChoice(
      "schedule", of: ["cosine", "constant", "step"], default: "cosine",
      "of the learning rate after the warm-up")
    guard shape == "step" else { return (shape, [], 1) }
    let epochs: [Double] = try fields.takeRequired("step_epochs", "epochs at which the rate falls")
    guard epochs.allSatisfy({ $0 >= 0 }) else {
      throw fields.error(at: "step_epochs", "an epoch is below 0", "count from the first epoch")
    }
    return (
      shape, epochs, try fields.take("step_factor", default: 0.1, in: 0...1, "by which it falls")
    )
  }

  private static func kind(_ fields: Fields, _ betas: (Double, Double), _ epsilon: Double) throws
    -> OptimizerKind
  {
    let name = try fields.takeChoice(
      "kind", of: OptimizerKind.names, default: "adamw", "the optimiser")
    if name == "adamw" { return .adamW(beta1: betas.0, beta2: betas.1, epsilon: epsilon) }
    let momentum = try fields.take("momentum", default: 0.9, in: 0...0.99999, "of SGD and LARS")
    if name == "sgd" {
      return .sgd(
        momentum: momentum,
        isNesterov: try fields.take("nesterov", default: false, "after Nesterov"))
    }
    return .lars(
      momentum: momentum,
      trust: try fields.take("trust", default: 0.001, in: 1e-9...1, "trust coefficient"),
      remembersRate: true)
  }

  private static func rules(_ fields: Fields, decay: Double) throws -> ParameterRules {
    ParameterRules(
      decay: decay,
      undecayed: try fields.take(
        "undecayed", default: [String](), "ends of names of parameters without decay"),
      layerDecay: try fields.take(
        "layer_decay", default: 1.0, in: 0.01...1, "rate of a layer over that of the next"),
      frozenLayers: try fields.take(
        "frozen_layers", default: 0, in: 0...1000, "first layers that stay as they are"))
  }

  /// The learning rate of each step.
  ///
  /// - Parameters:
  ///   - peak: at the end of the warm-up.
  ///   - epochs: of the run.
  ///   - steps: of an epoch.
  /// - Returns: the schedule.
  func learningRate(peak: Double, epochs: Int, steps: Int) -> Schedule {
    let warmUp = min(warmUpEpochs, warmUpShare * Double(epochs))
    let kind: Schedule.Shape =
      switch shape {
      case "constant": .constant
      case "step":
        .steps(stepEpochs.map { Int(min($0 * Double(steps), 1e15)) }, factor: stepFactor)
      default: .cosine
      }
    return Schedule(
      kind, peak: peak, end: minimumLearningRate, start: warmUpLearningRate,
      warmUp: Int((warmUp * Double(steps)).rounded()), total: epochs * steps)
  }

  /// What the decay of each step is of `weightDecay`.
  func decayFactor(steps: Int) -> Schedule {
    guard let finalWeightDecay else { return .constant(1) }
    return Schedule(.cosine, peak: 1, end: finalWeightDecay / weightDecay, total: steps)
  }
}
