import Foundation
import Results
import Support

/// What is known of one cell or reference: an entry of `sweep.json`.
struct SweepEntry: Sendable {
  /// How far it is.
  enum Status: String, CaseIterable, Sendable {
    case waiting, running, finished, failed
  }

  let name: String
  /// What it is: the cell's setting, or the reference as typed.
  let setting: String
  /// Labels by axis; empty for a reference.
  var labels: [String: String] = [:]
  /// The seed of pretraining; nil for a reference.
  var seed: Int?
  /// Identifies recipe and data; nil for a reference.
  var trainingKey: String?
  /// Identifies tasks, their data, seed and arithmetic.
  var evaluationKey = ""
  /// The mask's fingerprint.
  var mask: JSON?
  var compute: SweepCompute?
  var status = Status.waiting
  var error: String?
  /// The checkpoint, relative to the sweep's folder; for a reference as typed.
  var checkpoint: String
  /// SHA-256 of the weights that were evaluated.
  var weightsHash: String?
  /// The content hash of the report.
  var reportHash: String?

  /// The report, relative to the sweep's folder.
  var report: String { name + "/report.json" }

  var json: JSON {
    var members: [String: JSON] = [
      "name": .string(name), "setting": .string(setting), "status": .string(status.rawValue),
      "error": error.json, "checkpoint": .string(checkpoint),
      "report": status == .finished || reportHash != nil ? .string(report) : .null,
      "evaluation_key": .string(evaluationKey), "weights_sha256": weightsHash.json,
      "report_hash": reportHash.json,
    ]
    guard let compute else { return .object(members) }
    members["axes"] = .object(labels.mapValues { .string($0) })
    members["seed"] = seed.json
    members["training_key"] = trainingKey.json
    members["mask"] = mask ?? .null
    members["compute"] = compute.json
    return .object(members)
  }
}

/// What an earlier run of a sweep left about an entry.
struct EarlierEntry: Sendable {
  let status: SweepEntry.Status
  let trainingKey: String?
  let evaluationKey: String
  let weightsHash: String?
  let reportHash: String?
  let pretrainingSeconds: Double?
  let evaluationSeconds: Double?

  /// Reads the entries of a `sweep.json` by their names; none when there is no file.
  ///
  /// - Parameter path: the file.
  /// - Returns: what it says of cells and references.
  /// - Throws: `InputError` when it is damaged or of another schema.
  static func read(_ path: String) throws -> [String: EarlierEntry] {
    guard FileSystem.exists(path) else { return [:] }
    let reader = JSONReader(try JSON.parse(contentsOf: path), file: path)
    let schema = try reader.required("schema").string()
    guard schema == SweepRecord.schema else {
      throw InputError(
        path, "is of schema \(schema), not \(SweepRecord.schema)", "choose another --out")
    }
    let entries = try reader.required("cells").array() + reader.required("references").array()
    return try Dictionary(
      entries.map { try ($0.required("name").string(), EarlierEntry($0)) }
    ) { first, _ in first }
  }

  private init(_ reader: JSONReader) throws {
    status = try reader.required("status").choice(SweepEntry.Status.self)
    trainingKey = try reader.optional("training_key")?.string()
    evaluationKey = try reader.required("evaluation_key").string()
    weightsHash = try reader.optional("weights_sha256")?.string()
    reportHash = try reader.optional("report_hash")?.string()
    let compute = try reader.optional("compute")
    pretrainingSeconds = try compute?.optional("pretraining_seconds")?.number()
    evaluationSeconds = try compute?.optional("evaluation_seconds")?.number()
  }
}

/// Everything that `sweep.json` holds; schema in `docs/sweep.schema.json`.
struct SweepRecord: Sendable {
  static let schema = "unmask.sweep/1"

  let name: String
  let command: String
  let definition: JSON
  var references: [SweepEntry]
  var cells: [SweepEntry]
  let verdict: SweepVerdict
  /// The table's numbers; nil before all is done.
  var summary: SweepSummary?

  var json: JSON {
    let harness = Harness.current
    return [
      "schema": .string(Self.schema), "name": .string(name), "updated": .string(timestamp(Date())),
      "harness": [
        "name": .string(harness.name), "version": .string(harness.version),
        "commit": harness.commit.json,
      ],
      "command": .string(command), "definition": definition,
      "cells": .array(cells.map(\.json)), "references": .array(references.map(\.json)),
      "compute": verdict.json, "summary": summary?.json ?? .null,
    ]
  }

  /// Replaces `sweep.json`.
  func write(to path: String) throws {
    try AtomicFile.write(json.text(pretty: true) + "\n", to: path)
  }
}
