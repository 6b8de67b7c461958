import Foundation
import Support

/// Finished tasks in a folder, so that an interrupted or repeated run does not compute them again.
///
/// A result is two files named after its key: `KEY.json` with schema, key, result and a hash of them,
/// and `KEY.npy` with its predictions; those of further sets are in `KEY.1.npy`, `KEY.2.npy`, …
/// All are verified whenever they are read.
package struct KeptResults: Sendable {
  /// The schema of the files.
  package static let schema = "unmask.result/1"

  private let folder: String

  /// Results in `folder`, which is made when needed.
  package init(folder: String) { self.folder = folder }

  /// The result kept under a key.
  ///
  /// - Parameter key: stands for everything that the result depends on.
  /// - Returns: the result with its predictions; nil when there is none, or when its files are damaged
  ///   or of another schema: the task is simply run again.
  package func result(for key: String) -> TaskResult? { try? read(key) }

  /// Keeps a result, replacing what was kept under its key.
  ///
  /// One with a number that is not finite is not kept: no report would hold it.
  /// - Parameters:
  ///   - result: what a task measured.
  ///   - key: stands for everything that it depends on.
  /// - Throws: `InputError` when it cannot be written.
  package func keep(_ result: TaskResult, for key: String) throws {
    var result = result.refusingNonFinite
    guard result.status == .ok else { return }
    result.predictionsFile = nil
    // Of a run that is killed between two files, the last does not fit the first.
    result.predictionsFile = try result.predictions.map { try write($0, key, set: 0) }
    for index in result.sets.indices {
      result.sets[index].predictionsFile = try result.sets[index].predictions.map {
        try write($0, key, set: index + 1)
      }
    }
    var members: [String: JSON] = [
      "schema": .string(Self.schema), "key": .string(key), "result": result.json,
    ]
    members["integrity"] = ["algorithm": "sha256", "hash": .string(hash(of: members))]
    try AtomicFile.write(JSON.object(members).text() + "\n", to: path(key, "json"))
  }

  private func read(_ key: String) throws -> TaskResult? {
    let file = path(key, "json")
    guard FileSystem.exists(file) else { return nil }
    let reader = JSONReader(try JSON.parse(contentsOf: file, limit: 1 << 28), file: file)
    var members = reader.json.object ?? [:]
    members["integrity"] = nil
    guard try reader.required("schema").string() == Self.schema,
      try reader.required("key").string() == key,
      try reader.required("integrity").required("algorithm").string() == "sha256",
      try reader.required("integrity").required("hash").string() == hash(of: members)
    else { return nil }
    var result = try TaskResult(reader.required("result"))
    result.predictions = try predictions(result.predictionsFile, key, set: 0)
    result.predictionsFile = nil
    for index in result.sets.indices {
      result.sets[index].predictions = try predictions(
        result.sets[index].predictionsFile, key, set: index + 1)
      result.sets[index].predictionsFile = nil
    }
    return result
  }

  /// Writes the predictions of the result (0) or of one of its sets.
  private func write(_ predictions: Predictions, _ key: String, set: Int) throws
    -> PredictionsReference
  {
    let (data, path) = (predictions.npy(), predictionsPath(key, set: set))
    try AtomicFile.write(data, to: path)
    return PredictionsReference(
      path: path.fileName, sha256: SHA256.hex(of: data), count: predictions.count)
  }

  /// Reads what `write` wrote.
  /// - Throws: `InputError` when the file is not the one that was written.
  private func predictions(_ reference: PredictionsReference?, _ key: String, set: Int) throws
    -> Predictions?
  {
    guard let reference else { return nil }
    let path = predictionsPath(key, set: set)
    let data = try MappedFile(path).data
    guard SHA256.hex(of: data) == reference.sha256 else {
      throw InputError(path, "is not the file that was written with the result")
    }
    return try Predictions(npy: data, file: path)
  }

  private func predictionsPath(_ key: String, set: Int) -> String {
    path(key, set == 0 ? "npy" : "\(set).npy")
  }

  private func hash(of members: [String: JSON]) -> String {
    SHA256.hex(of: JSON.object(members).text())
  }

  /// The file of a key; the first 24 of 64 digits tell keys apart, and the file holds all of them.
  private func path(_ key: String, _ ending: String) -> String {
    "\(folder)/\(key.prefix(24)).\(ending)"
  }
}
