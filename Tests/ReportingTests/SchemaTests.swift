import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing

@testable import Reporting

/// Reports that are made fit `docs/report.schema.json`.
@Suite struct SchemaTests {
  private static let path = packageFolder + "/docs/report.schema.json"

  /// Reports with everything and with as little as possible.
  private static func samples() -> [Report] {
    var full = SampleReports.task(right: [true, false, true, true])
    full.seeds = [SeedResult(seed: 0, metrics: ["top1": 0.75])]
    full.limit = 4
    full.isOracleSelected = true
    full.figures = ["figures/confusion.png"]
    full.sets = [
      ScoredSet(
        name: "gaussian_noise-1", split: "test",
        corruption: CorruptionUse(
          kind: "gaussian_noise", severity: 1, generator: "cifar-c-math@1", seed: 0)),
      ScoredSet(name: "other", split: "test", dataset: .init(id: "other", fingerprint: "f")),
    ]
    full.sets[0].predictions = full.predictions
    let empty = TaskResult(task: "knn", version: 1, protocolName: "dino-knn@1", dataset: nil)
    let failed = empty.failed(InputError("knn", "the data is gone"))
    return [
      SampleReports.report(tasks: [full, failed]), SampleReports.report(tasks: []),
      SampleReports.simple(),
    ]
  }

  @Test func reportsFitBySelfMadeCheck() throws {
    let schema = try JSON.parse(contentsOf: Self.path)
    for report in Self.samples() {
      let folder = TemporaryFolder()
      let json = try report.write(folder.path).json
      #expect(SchemaCheck(schema).problems(json) == [])
    }
  }

  @Test func theCheckFindsWhatIsWrong() throws {
    let schema = try JSON.parse(contentsOf: Self.path)
    var members = try #require(SampleReports.simple().json.object)
    members["created"] = nil
    members["command"] = 3
    members["surplus"] = true
    let problems = SchemaCheck(schema).problems(.object(members))
    #expect(
      problems == [
        ".created is missing", ".command is not of type string", ".surplus is not known",
      ])
  }

  @Test(.enabled(if: Python.has("jsonschema"), "Python's jsonschema is not on this machine"))
  func reportsFitByJSONSchema() throws {
    let folder = TemporaryFolder()
    for (index, report) in Self.samples().enumerated() { try report.write(folder.file("\(index)")) }
    let script = """
      import glob, json, sys, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft202012Validator.check_schema(schema)
      files = glob.glob(sys.argv[2] + "/*/report.json")
      assert len(files) == 3
      for file in files:
          jsonschema.validate(json.load(open(file)), schema)
      """
    #expect(try Python.run(script, Self.path, folder.path) == "")
  }

  @Test(.enabled(if: Python.has("json"), "Python is not on this machine"))
  func theKeyIsTheHashThatThePageDescribes() throws {
    let folder = TemporaryFolder()
    try SampleReports.simple().write(folder.path)
    let script = """
      import hashlib, json, sys
      report = json.load(open(sys.argv[1]))
      def canonical(value):
          return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
      task = report["tasks"][0]
      assert hashlib.sha256(canonical(task["comparability"])).hexdigest() == task["comparability_key"]
      hash = report.pop("integrity")["hash"]
      del report["created"], report["environment"]
      for task in report["tasks"]: del task["timing"]
      assert hashlib.sha256(canonical(report)).hexdigest() == hash
      """
    #expect(try Python.run(script, folder.file("report.json")) == "")
  }
}

/// The part of JSON Schema that the report's schema uses.
struct SchemaCheck {
  private let root: JSON

  init(_ root: JSON) { self.root = root }

  /// What does not fit, a line each, in the order of required, then present members.
  func problems(_ value: JSON) -> [String] { problems(value, root, "") }

  private func problems(_ value: JSON, _ schema: JSON, _ path: String) -> [String] {
    if let reference = schema["$ref"]?.string {
      let name = String(reference.split(separator: "/").last ?? "")
      return problems(value, root["$defs"]?[name] ?? .null, path)
    }
    if let choices = schema["anyOf"]?.array {
      let all = choices.map { problems(value, $0, path) }
      return all.contains([]) ? [] : all.first ?? []
    }
    if let constant = schema["const"], constant != value { return ["\(path) is not \(constant)"] }
    if let values = schema["enum"]?.array, !values.contains(value) {
      return ["\(path) is no choice"]
    }
    guard let type = schema["type"]?.string else { return [] }
    guard isOf(type, value) else { return ["\(path) is not of type \(type)"] }
    if let elements = value.array, let item = schema["items"] {
      return elements.enumerated().flatMap { problems($1, item, "\(path)[\($0)]") }
    }
    return value.object.map { members($0, schema, path) } ?? []
  }

  private func members(_ members: [String: JSON], _ schema: JSON, _ path: String) -> [String] {
    let required = schema["required"]?.array?.compactMap(\.string) ?? []
    let missing = required.filter { members[$0] == nil }.map { "\(path).\($0) is missing" }
    return missing
      + members.keys.sorted().flatMap { key -> [String] in
        let place = "\(path).\(key)"
        guard let value = members[key] else { return [] }
        if let known = schema["properties"]?[key] { return problems(value, known, place) }
        guard let other = schema["additionalProperties"] else { return [] }
        if other == .bool(false) { return ["\(place) is not known"] }
        return other.object == nil ? [] : problems(value, other, place)
      }
  }

  private func isOf(_ type: String, _ value: JSON) -> Bool {
    switch type {
    case "object": value.object != nil
    case "array": value.array != nil
    case "string": value.string != nil
    case "number": value.double != nil
    case "integer": value.int != nil
    case "boolean": value.bool != nil
    default: value.isNull
    }
  }
}
