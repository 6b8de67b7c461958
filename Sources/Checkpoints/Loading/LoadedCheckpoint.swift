import Encoders
import Foundation
import Support
import Tensors
import Vision

/// An encoder from a file, ready for use, and everything that is known about it.
package struct LoadedCheckpoint: Sendable {
  package let encoder: any Encoder
  /// The transform of evaluation.
  package let preprocessing: Preprocessing
  /// A classifier or projection that came with the encoder.
  package let head: ClassifierHead?
  package let description: CheckpointDescription
}

/// Which network a file holds and how it is read, found out without reading its weights.
package struct CheckpointReading: Sendable {
  let archive: TensorArchive
  let selection: BranchSelection
  let chosen: BranchSelection.Candidate
  /// How the encoder is made.
  package let plan: ModelPlan
  /// What `inspect` shows.
  package let description: CheckpointDescription

  /// Looks at a checkpoint.
  ///
  /// - Parameters:
  ///   - path: a file or folder.
  ///   - options: what the user says about it.
  /// - Throws: `InputError` when it cannot be read, holds no known encoder, or lacks a weight of its extents.
  package init(_ path: String, options: CheckpointOptions = CheckpointOptions()) throws {
    archive = try openCheckpoint(path).withPlainNames().inTorchLayout()
    selection = try BranchSelection(archive, maps: Self.maps(options.map, path))
    chosen = try selection.chosen(options.branch, source: path)
    try UnusedWeights.checkName(chosen.weights)
    plan = try chosen.map.plan(chosen.weights, options)
    description = CheckpointDescription(archive, selection, chosen, plan)
    try UnusedWeights(plan: plan, weights: chosen.weights, family: chosen.map.name).check()
    let own = chosen.weights.prefix
    try UnusedWeights.checkAdapters(
      chosen.weights,
      others: selection.candidates.map { $0.weights.prefix }.filter {
        $0 != own && !own.hasPrefix($0)
      })
    try checkExpansion()
    _ = try sources(for: plan.makeEncoder().parameters)
  }

  /// The bytes that weights may take for each byte of their files: half precision, weights shared by dozens of
  /// blocks, or compression come nowhere near.
  private static let maximumExpansion = 64
  private static let freeBytes = 16 << 20

  /// Refuses a small file whose tensors repeat few bytes over and over.
  private func checkExpansion() throws {
    let sources = plan.weights.map(\.source) + (plan.head?.sources ?? [])
    var bytes = 0.0
    for source in sources { bytes += 4 * Double(elementCount(source.shape) ?? 0) }
    guard bytes <= Double(Self.maximumExpansion * archive.fileBytes + Self.freeBytes) else {
      throw InputError(
        archive.source,
        "its \(archive.fileBytes) bytes would become \(Int(bytes)) bytes of weights",
        "this is no honest checkpoint")
    }
  }

  private static func maps(_ name: String?, _ path: String) throws -> [any KeyMap.Type] {
    guard let name else { return allKeyMaps }
    let found = allKeyMaps.filter { $0.name == name }
    guard !found.isEmpty else {
      throw InputError(
        "checkpoint.map", "there is no key map '\(name)'",
        suggestion(for: name, among: allKeyMaps.map { $0.name }))
    }
    return found
  }

  /// Reads the weights.
  /// - Throws: `InputError` when a weight does not fit, is damaged, or holds a NaN or infinity.
  package func load() throws -> LoadedCheckpoint {
    let encoder = try plan.makeEncoder()
    try fill(encoder.parameters)
    let head = try plan.head?.load(from: archive)
    for tensor in head?.tensors ?? [] {
      try unsafe checkFinite(tensor.data, tensor.count, "of the classifier")
    }
    return LoadedCheckpoint(
      encoder: encoder, preprocessing: plan.preprocessing, head: head, description: description)
  }

  /// Where each parameter comes from.
  private func sources(
    for store: ParameterStore
  ) throws -> [(parameter: Parameter, source: WeightSource)] {
    let sources = Dictionary(plan.weights, uniquingKeysWith: { first, _ in first })
    return try store.parameters.map { parameter in
      guard let source = sources[parameter.name] else {
        throw InputError(archive.source, "lacks the weight '\(parameter.name)'")
      }
      guard source.shape == parameter.shape else {
        throw InputError(
          archive.source,
          "'\(source.names.first ?? parameter.name)' is \(source.shape), the encoder needs "
            + "\(parameter.shape)")
      }
      return (parameter, source)
    }
  }

  /// Reads every parameter, several at a time.
  private func fill(_ store: ParameterStore) throws {
    let work = try sources(for: store)
    // Made before the workers would race for it.
    _ = unsafe store.values
    let pool = WorkerPool(threads: min(availableProcessors, Self.readers))
    defer { pool.close() }
    let failures = Failures()
    pool.run(work.count) { index, _ in
      guard failures.isEmpty else { return }
      let (parameter, source) = work[index]
      do {
        try unsafe source.read(from: archive, into: parameter.data)
        try unsafe checkFinite(
          parameter.data, parameter.count, source.names.first ?? parameter.name)
      } catch { failures.add(error, at: index) }
    }
    if let error = failures.first { throw error }
  }

  /// Threads that read weights: more gain nothing, and each holds a tensor of the file in memory.
  private static let readers = 4

  private func checkFinite(
    _ values: UnsafePointer<Float>, _ count: Int, _ name: String
  ) throws {
    // A sum of x·0 is 0 for finite values and NaN else; sixteen lanes keep it at memory speed.
    var lanes = SIMD16<Float>(repeating: 0)
    var index = 0
    while index + 16 <= count {
      let part = unsafe UnsafeRawPointer(values + index).loadUnaligned(as: SIMD16<Float>.self)
      lanes += part * 0
      index += 16
    }
    var sum = lanes.sum()
    while index < count {
      unsafe sum += values[index] * 0
      index += 1
    }
    guard sum == 0 else {
      throw InputError(
        archive.source, "the weight '\(name)' holds NaN or infinity",
        "its training diverged; take an earlier checkpoint")
    }
  }
}

/// What went wrong in jobs that run side by side.
///
/// Guarded by a lock.
private final class Failures: @unchecked Sendable {
  private let lock = NSLock()
  private var errors: [Int: any Error] = [:]

  var isEmpty: Bool { lock.withLock { errors.isEmpty } }
  /// The error of the earliest job that failed.
  var first: (any Error)? { lock.withLock { errors.min { $0.key < $1.key }?.value } }

  func add(_ error: any Error, at index: Int) { lock.withLock { errors[index] = error } }
}

/// Loads an encoder from a file or folder.
///
/// - Parameters:
///   - path: a file or folder.
///   - options: what the user says about it.
/// - Returns: the encoder with its transform, head and description.
/// - Throws: `InputError` in one line for whatever does not fit.
package func loadCheckpoint(
  _ path: String, options: CheckpointOptions = CheckpointOptions()
) throws -> LoadedCheckpoint {
  try CheckpointReading(path, options: options).load()
}
