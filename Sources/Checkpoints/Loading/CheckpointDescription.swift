import Encoders
import Foundation
import Support
import Tensors
import Vision

/// What is known about a checkpoint: shown by `inspect` and stored in reports.
package struct CheckpointDescription: Sendable {
  /// The file or folder.
  package let source: String
  /// The format, by name.
  package let format: String
  /// The key map, by name.
  package let family: String
  /// Where in the file the network begins: `state_dict.module`; empty for the whole file.
  package let branch: String
  /// Other networks in the file.
  package let otherBranches: [String]
  /// Architecture, patch and side: `vit-base/16@224`.
  package let encoder: String
  /// Scalars of the encoder.
  package let parameters: Int
  /// Names of the file and ours, where they differ.
  package let renamed: [(from: String, to: String)]
  /// Tensors of the file that the encoder does not use.
  package let ignored: [String]
  /// Classes and functions of a pickle of which nothing is known; their data was kept, nothing was called.
  package let opaqueNames: [String]
  /// Classes of the classifier that came along; nil without one.
  package let headClasses: Int?
  /// Features of the projection that came along (CLIP); nil without one.
  package let projectionWidth: Int?
  package let preprocessing: Preprocessing
  /// Choices that the file left open, and what was resampled.
  package let notes: [String]
  private let architecture: JSON

  init(
    _ archive: TensorArchive, _ selection: BranchSelection, _ chosen: BranchSelection.Candidate,
    _ plan: ModelPlan
  ) {
    source = archive.source
    format = archive.format
    family = chosen.map.name
    branch = String(chosen.weights.prefix.dropLast())
    otherBranches = selection.candidates.map { $0.weights.prefix }
      .filter { $0 != chosen.weights.prefix }.map(BranchSelection.label)
    encoder = plan.encoderName
    parameters = plan.weights.filter { !RunningStatistics.have($0.name) }
      .reduce(0) { $0 + $1.source.shape.reduce(1, *) }
    renamed = plan.weights.flatMap { weight in
      weight.source.names.filter { $0 != weight.name }.map { (from: $0, to: weight.name) }
    }
    let used = plan.usedNames
    ignored = archive.names.filter { !used.contains($0) }
    opaqueNames = archive.opaqueNames
    let outputs = plan.head?.weight.shape.first
    headClasses = plan.head?.isProjection == false ? outputs : nil
    projectionWidth = plan.head?.isProjection == true ? outputs : nil
    preprocessing = plan.preprocessing
    var notes = plan.notes
    if !otherBranches.isEmpty {
      notes.insert(
        "took '\(BranchSelection.label(chosen.weights.prefix))'; "
          + "--set checkpoint.branch= picks another of \(otherBranches.joined(separator: ", "))",
        at: 0)
    }
    self.notes = notes
    architecture = plan.architecture.json
  }

  /// Everything, for `inspect --json` and reports; lists of names only when `keys` is set.
  package func json(keys: Bool) -> JSON {
    var members: [String: JSON] = [
      "source": .string(source), "format": .string(format), "family": .string(family),
      "branch": .string(branch), "other_branches": .array(otherBranches.map { .string($0) }),
      "encoder": .string(encoder), "architecture": architecture,
      "parameters": .integer(parameters), "preprocessing": preprocessing.json,
      "pictures": .string(preprocessing.words),
      "renamed": .integer(renamed.count), "ignored": .integer(ignored.count),
      "head_classes": headClasses.map { .integer($0) } ?? .null,
      "projection_width": projectionWidth.map { .integer($0) } ?? .null,
      "opaque_classes": .array(opaqueNames.map { .string($0) }),
      "notes": .array(notes.map { .string($0) }),
    ]
    if keys {
      members["renamed"] = .array(
        renamed.map { ["from": .string($0.from), "to": .string($0.to)] })
      members["ignored"] = .array(ignored.map { .string($0) })
    }
    return .object(members)
  }
}

/// The SHA-256 of the weights at `path`: of the file, or of the weights' files in a folder, in order of name.
/// - Throws: `InputError` if they cannot be read.
package func checkpointHash(_ path: String) throws -> String {
  guard FileSystem.isFolder(path) else { return try SHA256.hex(ofFile: path) }
  let endings = [".safetensors", ".bin"]
  let files = try FileSystem.names(in: path)
    .filter { name in
      endings.contains { name.hasSuffix($0) }
        && !["pretraining.safetensors", "state.safetensors"].contains(name)
    }
  if files.isEmpty, let file = try TrainingFolder(path).model() {
    return try SHA256.hex(ofFile: file)
  }
  guard files.count != 1 else { return try SHA256.hex(ofFile: path + "/" + files[0]) }
  var hash = SHA256()
  for file in files { hash.update("\(file) \(try SHA256.hex(ofFile: path + "/" + file))\n") }
  return hash.hex()
}
