import Foundation
import Support

extension Report {
  /// The whole report, its integrity hash included.
  package var json: JSON {
    var members = content
    members["integrity"] = [
      "algorithm": "sha256", "hash": .string(integrityHash(of: .object(members))),
    ]
    return .object(members)
  }

  private var content: [String: JSON] {
    [
      "schema": .string(Self.schema),
      "created": .string(timestamp(created)),
      "harness": [
        "name": .string(harness.name), "version": .string(harness.version),
        "commit": harness.commit.json,
      ],
      "command": .string(command),
      "checkpoint": checkpoint.json,
      "environment": environment.json,
      "tasks": .array(tasks.map(\.json)),
    ]
  }

  /// Reads a report.
  ///
  /// - Parameters:
  ///   - json: the document.
  ///   - file: how to name it in errors.
  /// - Throws: `InputError` naming the place if it is of a newer schema, changed after it was
  ///   written, or not a report.
  package init(_ json: JSON, file: String) throws {
    let reader = JSONReader(json, file: file)
    try checkSchema(reader)
    let hash = integrityHash(of: json)
    guard try reader.required("integrity").required("hash").string() == hash else {
      throw InputError(
        file, "was changed after it was written (its integrity hash does not fit its content)",
        "evaluate the checkpoint again")
    }
    let made = try reader.required("harness")
    let written = try reader.required("created")
    guard let date = parseTimestamp(try written.string()) else {
      throw written.error("is not a time such as 2026-01-31T12:00:00Z")
    }
    try self.init(
      created: date,
      harness: Harness(
        name: made.required("name").string(), version: made.required("version").string(),
        commit: made.optional("commit")?.string()),
      command: reader.required("command").string(),
      checkpoint: ReportCheckpoint(reader.required("checkpoint")),
      environment: ReportEnvironment(reader.required("environment")),
      tasks: reader.required("tasks").array().map(TaskResult.init))
    contentHash = hash
  }
}

/// SHA-256 of the canonical JSON (sorted keys, no spaces) of everything that equal inputs determine:
/// the report without `created`, `environment`, each task's `timing` and the place of its data, and the
/// hash itself.
package func integrityHash(of report: JSON) -> String {
  guard var members = report.object else { return SHA256.hex(of: report.text()) }
  for key in ["created", "environment", "integrity"] { members[key] = nil }
  if let tasks = members["tasks"]?.array {
    members["tasks"] = .array(
      tasks.map { task in
        guard var fields = task.object else { return task }
        fields["timing"] = nil
        if var dataset = fields["dataset"]?.object {
          dataset["location"] = nil
          fields["dataset"] = .object(dataset)
        }
        return .object(fields)
      })
  }
  return SHA256.hex(of: JSON.object(members).text())
}

extension Report {
  /// What to do about a report of a newer version.
  package static let updateRemedy = "update Unmask"
}

private func checkSchema(_ reader: JSONReader) throws {
  let schema = try reader.required("schema").string()
  let parts = schema.split(separator: "/", omittingEmptySubsequences: false)
  guard parts.count == 2, parts[0] == "unmask.report", let version = Int(parts[1]), version >= 1
  else { throw InputError(reader.file, "is not a report: its schema is \(schema)") }
  guard version <= Report.schemaVersion else {
    throw InputError(
      reader.file, "is of schema \(schema), newer than \(Report.schema)", Report.updateRemedy)
  }
}

/// A time in UTC to the second, as in `2026-01-31T12:00:00Z`.
package func timestamp(_ date: Date) -> String { date.formatted(.iso8601) }

package func parseTimestamp(_ text: String) -> Date? { try? Date(text, strategy: .iso8601) }

extension ReportCheckpoint {
  package var json: JSON {
    [
      "name": .string(name), "source": .string(source), "format": .string(format),
      "sha256": sha256.json, "encoder": .string(encoder), "parameters": .integer(parameters),
      "pretraining": pretraining ?? .null, "loading": loading ?? .null,
      "preprocessing": preprocessing ?? .null, "identity": identity.json,
      "pictures": pictures?.json ?? .null,
    ]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      name: reader.required("name").string(), source: reader.required("source").string(),
      format: reader.required("format").string(), sha256: reader.optional("sha256")?.string(),
      encoder: reader.required("encoder").string(),
      parameters: reader.required("parameters").count(),
      pretraining: reader.optional("pretraining")?.json,
      loading: reader.optional("loading")?.json,
      preprocessing: reader.optional("preprocessing")?.json,
      identity: reader.optional("identity")?.string(),
      pictures: reader.optional("pictures").map { try ReportPictures($0) })
  }
}

extension ReportEnvironment {
  package var json: JSON {
    [
      "cpu": .string(cpu), "cores": .integer(cores), "threads": .integer(threads),
      "precision": .string(precision), "libraries": .object(libraries.mapValues { .string($0) }),
      "os": .string(operatingSystem), "peak_rss_bytes": .integer(peakMemoryBytes),
    ]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      cpu: reader.required("cpu").string(), cores: reader.required("cores").count(),
      threads: reader.required("threads").count(),
      precision: reader.required("precision").string(),
      libraries: reader.required("libraries").mapping { try $0.string() },
      operatingSystem: reader.required("os").string(),
      peakMemoryBytes: reader.required("peak_rss_bytes").count())
  }
}
