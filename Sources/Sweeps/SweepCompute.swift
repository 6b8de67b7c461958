import Foundation
import Pretraining
import Support

/// What the pretraining of one cell costs, known before it begins but for the time.
struct SweepCompute: Equatable, Sendable {
  /// Patches of an image, and how many of them the encoder sees.
  let patches: Int
  let visiblePatches: Int
  /// Images that go through the network, repetitions counted.
  let images: Int
  let steps: Int
  let batchSize: Int
  /// Operations of the encoder's and the predictor's forward pass over one image.
  let encoderForward: Double
  let predictorForward: Double
  /// Operations of forward and backward pass over all images.
  let totalFLOPs: Double
  /// Wall-clock seconds; nil before they are known.
  var pretrainingSeconds: Double?
  var evaluationSeconds: Double?

  /// The cost of a checked recipe.
  init(_ plan: PretrainingPlan) throws {
    self.init(try plan.recipe.cost(), steps: plan.steps, batchSize: plan.recipe.batchSize)
  }

  /// The cost of so many steps.
  init(_ cost: PretrainingCost, steps: Int, batchSize: Int) {
    patches = cost.patches
    visiblePatches = cost.visiblePatches
    self.steps = steps
    self.batchSize = batchSize
    images = steps * batchSize
    encoderForward = cost.encoderForward
    predictorForward = cost.predictorForward
    totalFLOPs = cost.training * Double(images)
  }

  /// Visible patches over all images.
  var visibleTokens: Double { Double(visiblePatches) * Double(images) }

  var json: JSON {
    func number(_ value: Double?) -> JSON { value.map { .number($0) } ?? .null }
    return [
      "patches_per_image": .integer(patches),
      "visible_tokens_per_image": .integer(visiblePatches),
      "images": .integer(images), "steps": .integer(steps), "batch_size": .integer(batchSize),
      "visible_tokens": .integer(visiblePatches * images),
      "encoder_forward_flops_per_image": .number(encoderForward),
      "predictor_forward_flops_per_image": .number(predictorForward),
      "training_flops": .number(totalFLOPs),
      "pretraining_seconds": number(pretrainingSeconds),
      "evaluation_seconds": number(evaluationSeconds),
    ]
  }
}

/// Whether the cells of a sweep were given the same compute, and if not, what differs.
struct SweepVerdict: Sendable {
  /// How far one quantity is apart.
  struct Quantity: Sendable {
    let name: String
    let least: (cell: String, value: Double)
    let most: (cell: String, value: Double)

    /// The largest value over the smallest.
    var factor: Double { least.value > 0 ? most.value / least.value : .infinity }
  }

  let tolerance: Double
  let quantities: [Quantity]

  /// Compares the cells of a sweep.
  ///
  /// - Parameters:
  ///   - cells: settings and costs; at least one.
  ///   - tolerance: the share by which equal values may differ.
  init(_ cells: [(name: String, compute: SweepCompute)], tolerance: Double) {
    self.tolerance = tolerance
    func quantity(_ name: String, _ value: (SweepCompute) -> Double) -> Quantity? {
      let values = cells.map { (cell: $0.name, value: value($0.compute)) }
      guard let least = values.min(by: { $0.value < $1.value }),
        let most = values.max(by: { $0.value < $1.value })
      else { return nil }
      return Quantity(name: name, least: least, most: most)
    }
    quantities = [
      quantity("steps") { Double($0.steps) }, quantity("images") { Double($0.images) },
      quantity("visible tokens") { $0.visibleTokens },
      quantity("training FLOPs") { $0.totalFLOPs },
    ].compactMap { $0 }
  }

  /// The quantities that are further apart than the tolerance.
  var differing: [Quantity] { quantities.filter { $0.factor > 1 + tolerance } }
  var isEqual: Bool { differing.isEmpty }

  /// The verdict in words.
  var text: String {
    let share = "\(ProgressText.rate(tolerance * 100)) %"
    guard !isEqual else {
      let names = quantities.map(\.name).joined(separator: ", ")
      return "Compute: equal within \(share) for all cells (\(names))."
    }
    let differences = differing.map { quantity in
      "\(quantity.name) by a factor of \(String(format: "%.2f", quantity.factor)) "
        + "(\(quantity.most.cell): \(Self.short(quantity.most.value)), "
        + "\(quantity.least.cell): \(Self.short(quantity.least.value)))"
    }.joined(separator: ", ")
    let equal = quantities.filter { $0.factor <= 1 + tolerance }.map(\.name)
    return "Compute: NOT equal (tolerance \(share)): cells differ in \(differences)"
      + (equal.isEmpty ? "." : "; equal: \(equal.joined(separator: ", ")).")
      + " A difference between settings may be one of compute."
  }

  var json: JSON {
    [
      "equal": .bool(isEqual), "tolerance": .number(tolerance), "verdict": .string(text),
      "quantities": .array(
        quantities.map { quantity in
          [
            "name": .string(quantity.name), "factor": .number(quantity.factor),
            "equal": .bool(quantity.factor <= 1 + tolerance),
            "least": [
              "cell": .string(quantity.least.cell), "value": .number(quantity.least.value),
            ],
            "most": ["cell": .string(quantity.most.cell), "value": .number(quantity.most.value)],
          ]
        }),
    ]
  }

  /// A count in three digits: `1.92e+15` as 1.92 P, `3200000` as 3.20 M.
  static func short(_ value: Double) -> String {
    let units = [(1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")]
    guard let unit = units.first(where: { abs(value) >= $0.0 }) else {
      return String(format: "%.0f", value)
    }
    let scaled = value / unit.0
    return String(format: scaled >= 100 ? "%.0f" : scaled >= 10 ? "%.1f" : "%.2f", scaled) + unit.1
  }
}
