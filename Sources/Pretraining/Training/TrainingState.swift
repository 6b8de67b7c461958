import Checkpoints
import Foundation
import Support
import Tensors

/// What a resumed run needs beside the recipe: weights, optimiser, and how far it came.
///
/// One file, written whole, so that a kill at any moment leaves the last one intact. Everything else
/// (order, views, masks) is a function of the seed and the step.
struct TrainingState {
  /// Steps done.
  var step = 0
  /// Wall-clock seconds that the steps took; does not influence anything.
  var seconds = 0.0
  /// Mean losses and gradient norms of the epochs done, and sums of the one in progress.
  var curve = TrainingCurve()

  private static let format = "unmask.state/1"

  /// Writes the state.
  ///
  /// - Parameters:
  ///   - path: `state.safetensors`.
  ///   - stores: what is trained, by name.
  ///   - optimizers: one a store.
  ///   - fingerprint: identifies recipe and data.
  /// - Throws: `InputError` when the place is unwritable or full.
  func write(
    to path: String, stores: [(name: String, store: ParameterStore)], optimizers: [any Optimizer],
    fingerprint: String
  ) throws {
    var blocks: [(name: String, shape: [Int], data: UnsafePointer<Float>)] = []
    for ((name, store), optimizer) in zip(stores, optimizers) {
      blocks.append(("\(name)/weights", [store.extent], UnsafePointer(store.values)))
      for (buffer, values) in optimizer.state {
        blocks.append(("\(name)/\(buffer)", [store.extent], UnsafePointer(values)))
      }
    }
    let metadata = [
      "format": Self.format, "step": "\(step)", "seconds": "\(seconds)",
      "fingerprint": fingerprint,
      "curve": curve.json.text(pretty: false),
    ]
    try withExtendedLifetime((stores.map(\.store), optimizers.map { $0 as AnyObject })) {
      try writeSafetensors(blocks: blocks, metadata: metadata, to: path)
    }
  }

  /// Reads a state into the stores and optimisers.
  ///
  /// - Parameters:
  ///   - path: `state.safetensors`.
  ///   - stores: receive the weights.
  ///   - optimizers: receive their buffers.
  ///   - fingerprint: what recipe and data must be.
  /// - Throws: `InputError` when the file is damaged or belongs to another run.
  init(
    from path: String, stores: [(name: String, store: ParameterStore)],
    optimizers: [any Optimizer], fingerprint: String
  ) throws {
    let archive = try openCheckpoint(path)
    let metadata = archive.metadata
    guard metadata["format"]?.string == Self.format,
      let step = metadata["step"]?.string.flatMap(Int.init), step >= 0,
      let curve = metadata["curve"]?.string
    else {
      throw InputError(path, "is no state of a pretraining run", "start again without --resume")
    }
    guard metadata["fingerprint"]?.string == fingerprint else {
      throw InputError(
        path, "belongs to a run with another recipe, seed or data",
        "repeat the settings of that run, or choose another --out")
    }
    self.step = step
    seconds = metadata["seconds"]?.string.flatMap(Double.init) ?? 0
    self.curve = try TrainingCurve(JSON.parse(Data(curve.utf8), from: path))
    for ((name, store), optimizer) in zip(stores, optimizers) {
      optimizer.steps = step
      for (buffer, values) in [("weights", store.values)] + optimizer.state {
        let tensor = "\(name)/\(buffer)"
        guard archive.entry(tensor)?.shape == [store.extent] else {
          throw InputError(path, "its '\(tensor)' does not fit", "start again without --resume")
        }
        try archive.read(tensor, into: values, count: store.extent)
      }
    }
  }

  init() {}
}

/// The course of a run, one point an epoch.
struct TrainingCurve: Sendable {
  struct Point: Sendable {
    var epoch: Int
    var loss: Double
    var gradientNorm: Double
    var learningRate: Double
  }

  private(set) var points: [Point] = []
  private var sum = (loss: 0.0, gradientNorm: 0.0)
  private var count = 0

  init() {}

  /// Counts one step of the epoch in progress.
  mutating func add(loss: Double, gradientNorm: Double) {
    sum.loss += loss
    sum.gradientNorm += gradientNorm
    count += 1
  }

  /// Closes the epoch in progress.
  mutating func endEpoch(_ epoch: Int, learningRate: Double) {
    let steps = Double(max(count, 1))
    points.append(
      Point(
        epoch: epoch, loss: sum.loss / steps, gradientNorm: sum.gradientNorm / steps,
        learningRate: learningRate))
    sum = (0, 0)
    count = 0
  }

  /// All of it, exactly: doubles survive the way through text.
  var json: JSON {
    [
      "points": .array(pointsJSON), "loss_sum": .number(sum.loss),
      "gradient_norm_sum": .number(sum.gradientNorm), "steps": .integer(count),
    ]
  }

  /// The epochs done.
  var pointsJSON: [JSON] {
    points.map {
      [
        "epoch": .integer($0.epoch), "loss": .number($0.loss),
        "gradient_norm": .number($0.gradientNorm), "learning_rate": .number($0.learningRate),
      ]
    }
  }

  init(_ json: JSON) throws {
    points = (json["points"]?.array ?? []).map {
      Point(
        epoch: $0["epoch"]?.int ?? 0, loss: $0["loss"]?.double ?? 0,
        gradientNorm: $0["gradient_norm"]?.double ?? 0,
        learningRate: $0["learning_rate"]?.double ?? 0)
    }
    sum = (json["loss_sum"]?.double ?? 0, json["gradient_norm_sum"]?.double ?? 0)
    count = json["steps"]?.int ?? 0
  }
}
