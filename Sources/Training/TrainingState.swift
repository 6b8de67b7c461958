import Checkpoints
import Foundation
import Support
import Tensors

/// What a resumed run needs beside the recipe: weights, optimiser, and how far it came.
///
/// One file, written whole, so that a kill at any moment leaves the last one intact. Everything else
/// (order, views, masks) is a function of the seed and the step.
package struct TrainingState {
  /// Steps done.
  package var step = 0
  /// Wall-clock seconds that the steps took; does not influence anything.
  package var seconds = 0.0
  /// Mean losses and gradient norms of the epochs done, and sums of the one in progress.
  package var curve = TrainingCurve()

  private static let format = "unmask.state/2"
  /// What earlier versions wrote: without a checksum.
  private static let earlierFormat = "unmask.state/1"

  /// A network whose weights a state holds, with what its optimiser remembers.
  package struct Network {
    let name: String
    let store: ParameterStore
    /// Nil for one that follows another, or stays as it is.
    let optimizer: (any Optimizer)?

    /// A network by its name in the file.
    package init(name: String, store: ParameterStore, optimizer: (any Optimizer)?) {
      self.name = name
      self.store = store
      self.optimizer = optimizer
    }
  }

  /// Writes the state.
  ///
  /// - Parameters:
  ///   - path: `state.safetensors`.
  ///   - networks: what is trained, or follows what is.
  ///   - fingerprint: identifies recipe and data.
  /// - Throws: `InputError` when the place is unwritable or full.
  package func write(
    to path: String, networks: [Network], fingerprint: String
  ) throws {
    let blocks = Self.blocks(networks)
    var metadata = [
      "format": Self.format, "step": "\(step)", "seconds": "\(seconds)",
      "fingerprint": fingerprint,
      "curve": curve.json.text(pretty: false),
    ]
    try withExtendedLifetime(networks) {
      metadata["checksum"] = Self.checksum(blocks, metadata)
      try writeSafetensors(blocks: blocks, metadata: metadata, to: path)
    }
  }

  /// Reads a state into the stores and optimisers.
  ///
  /// - Parameters:
  ///   - path: `state.safetensors`.
  ///   - networks: receive the weights, their optimisers the buffers.
  ///   - fingerprint: what recipe and data must be.
  ///   - schedule: steps of the run and of an epoch.
  /// - Throws: `InputError` when the file is damaged or belongs to another run.
  package init(
    from path: String, networks: [Network], fingerprint: String, schedule: (steps: Int, epoch: Int)
  ) throws {
    let archive = try openCheckpoint(path)
    let metadata = (archive.metadata.object ?? [:]).compactMapValues { $0.string }
    let isEarlier = metadata["format"] == Self.earlierFormat
    guard isEarlier || metadata["format"] == Self.format else {
      throw InputError(path, "is no state of a pretraining run", Self.remedy)
    }
    guard metadata["fingerprint"] == fingerprint else {
      throw InputError(
        path, "belongs to a run with another recipe, seed or data",
        "repeat the settings of that run, or choose another --out")
    }
    try self.init(metadata, schedule, path)
    for network in networks { network.optimizer?.steps = step }
    for block in Self.blocks(networks) {
      guard archive.entry(block.name)?.shape == block.shape else {
        throw InputError(path, "its '\(block.name)' does not fit", Self.remedy)
      }
      try unsafe archive.read(
        block.name, into: UnsafeMutablePointer(mutating: block.data), count: block.count)
    }
    let blocks = Self.blocks(networks)
    guard isEarlier || metadata["checksum"] == Self.checksum(blocks, metadata) else {
      throw InputError(path, "is damaged: its checksum differs", Self.remedy)
    }
    for block in blocks where !block.isFinite {
      throw InputError(path, "its '\(block.name)' holds numbers that are not finite", Self.remedy)
    }
  }

  package init() {}

  private static let remedy =
    "the model beside it is kept; begin again with another --out, or remove this file"

  /// Reads how far the run came.
  private init(
    _ metadata: [String: String], _ schedule: (steps: Int, epoch: Int), _ path: String
  ) throws {
    guard let step = metadata["step"].flatMap(Int.init), (0...schedule.steps).contains(step),
      let seconds = metadata["seconds"].flatMap(Double.init), seconds >= 0, seconds.isFinite,
      let text = metadata["curve"]
    else {
      throw InputError(
        path, "its step is not one of the \(schedule.steps) of the run", Self.remedy)
    }
    (self.step, self.seconds) = (step, seconds)
    curve = try TrainingCurve(JSON.parse(Data(text.utf8), from: path), path)
    // Earlier versions could lose an epoch of the curve.
    let isWhole = curve.steps(epoch: schedule.epoch) == step
    guard isWhole || metadata["format"] == Self.earlierFormat else {
      throw InputError(path, "its curve does not fit step \(step)", Self.remedy)
    }
  }

  /// Everything that is trained, in a fixed order.
  private static func blocks(_ networks: [Network]) -> [TensorBlock] {
    networks.flatMap { network in
      let weights = unsafe [block("weights", network.store.values, of: network)]
      return unsafe weights
        + (network.optimizer?.state ?? []).map { unsafe block($0.name, $0.values, of: network) }
    }
  }

  @unsafe private static func block(
    _ buffer: String, _ values: UnsafePointer<Float>, of network: Network
  ) -> TensorBlock {
    unsafe TensorBlock(
      name: "\(network.name)/\(buffer)", shape: [network.store.extent], data: values)
  }

  /// SHA-256 of the metadata and of all blocks with their names and lengths.
  private static func checksum(_ blocks: [TensorBlock], _ metadata: [String: String]) -> String {
    var hash = SHA256()
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != "checksum" {
      hash.update("\(key)=\(value)\n")
    }
    for block in blocks {
      hash.update("\(block.name) \(block.count)\n")
      unsafe hash.update(block.bytes)
    }
    return hash.hex()
  }
}

/// The course of a run, one point an epoch.
package struct TrainingCurve: Sendable {
  package struct Point: Sendable {
    package var epoch: Int
    package var loss: Double
    package var gradientNorm: Double
    package var learningRate: Double
  }

  package private(set) var points: [Point] = []
  private var sum = (loss: 0.0, gradientNorm: 0.0)
  private var count = 0

  package init() {}

  /// Counts one step of the epoch in progress.
  package mutating func add(loss: Double, gradientNorm: Double) {
    sum.loss += loss
    sum.gradientNorm += gradientNorm
    count += 1
  }

  /// Closes the epoch in progress.
  package mutating func endEpoch(_ epoch: Int, learningRate: Double) {
    let steps = Double(max(count, 1))
    points.append(
      Point(
        epoch: epoch, loss: sum.loss / steps, gradientNorm: sum.gradientNorm / steps,
        learningRate: learningRate))
    sum = (0, 0)
    count = 0
  }

  /// All of it, exactly: doubles survive the way through text.
  package var json: JSON {
    [
      "points": .array(pointsJSON), "loss_sum": .number(sum.loss),
      "gradient_norm_sum": .number(sum.gradientNorm), "steps": .integer(count),
    ]
  }

  /// The epochs done.
  package var pointsJSON: [JSON] {
    points.map {
      [
        "epoch": .integer($0.epoch), "loss": .number($0.loss),
        "gradient_norm": .number($0.gradientNorm), "learning_rate": .number($0.learningRate),
      ]
    }
  }

  /// Steps that the curve is about, in epochs of so many; nil if they cannot be.
  package func steps(epoch: Int) -> Int? {
    guard points.enumerated().allSatisfy({ $1.epoch == $0 + 1 }), count <= epoch else { return nil }
    return points.count * epoch + count
  }

  /// Whether the epoch in progress has all its steps and was not closed.
  package func isFull(epoch: Int) -> Bool { count == epoch }

  /// Reads what ``json`` gave.
  /// - Parameters:
  ///   - json: the document.
  ///   - path: the file that holds it, for messages.
  /// - Throws: `InputError` when something is missing or of another type.
  package init(_ json: JSON, _ path: String) throws {
    func number(_ json: JSON, _ key: String) throws -> Double {
      guard let value = json[key]?.double else {
        throw InputError(path, "its curve has no number '\(key)'")
      }
      return value
    }
    points = try (json["points"]?.array ?? []).map { point in
      Point(
        epoch: try Int(whole: number(point, "epoch"), "an epoch of its curve", of: path),
        loss: try number(point, "loss"), gradientNorm: try number(point, "gradient_norm"),
        learningRate: try number(point, "learning_rate"))
    }
    sum = (try number(json, "loss_sum"), try number(json, "gradient_norm_sum"))
    count = try Int(
      whole: number(json, "steps"), "the number of steps of its curve", of: path,
      in: 0...Int(Int32.max))
  }
}
