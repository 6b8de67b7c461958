import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision
import Yams

/// The shell lines of `action.yml` and of the GitLab template, run as their runners run them.
@Suite("Continuous integration")
struct ContinuousIntegrationTests {
  private let folder = TemporaryFolder()
  private static let data = "scenes?train=200&test=200"

  /// A checkpoint of a small encoder; one whose weights are all zero gives every image one feature.
  private func checkpoint(_ name: String, isCollapsed: Bool) throws -> String {
    let encoderName = "vit-tiny/16@32"
    let encoder = try VisionTransformer(named: encoderName)
    encoder.initialize(seed: 3)
    if isCollapsed {
      for parameter in encoder.parameters.parameters {
        parameter.data.update(repeating: 0, count: parameter.count)
      }
    }
    try CheckpointFolder(folder.file(name))
      .write(encoder, preprocessing: Preprocessing(side: 32, cropRatio: 1))
    return folder.file(name)
  }

  private func baseline() throws -> String {
    let result = try Program.run([
      "evaluate", checkpoint("released", isCollapsed: false), "--tasks", "knn", "--data", Self.data,
      "--out", folder.file("baselines"),
    ])
    #expect(result.code == 0, "\(result.errors)")
    return folder.file("baselines/released")
  }

  private func inputs(_ candidate: String, _ more: [String: String] = [:]) throws
    -> [String: String]
  {
    [
      "checkpoint": candidate, "baseline": try baseline(), "data": Self.data, "tasks": "knn",
      "results": folder.file("results"), "unmask": Program.path,
    ].merging(more) { $1 }
  }

  /// Runs one script as the runners do; its exit code and what it printed.
  private func bash(_ script: String, _ environment: [String: String]) throws
    -> (code: Int32, output: String)
  {
    try script.write(toFile: folder.file("step.sh"), atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["--noprofile", "--norc", "-eo", "pipefail", folder.file("step.sh")]
    process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let log = folder.file("step.log")
    _ = FileManager.default.createFile(atPath: log, contents: nil)
    let handle = FileHandle(forWritingAtPath: log)
    process.standardOutput = handle
    process.standardError = handle
    try process.run()
    Program.wait(for: process, seconds: 240)
    let text = String(decoding: FileManager.default.contents(atPath: log) ?? Data(), as: UTF8.self)
    return (process.terminationStatus, text)
  }

  private func yaml(_ path: String) throws -> [String: Any] {
    let text = try String(contentsOfFile: packageFolder + "/" + path, encoding: .utf8)
    return try #require(Yams.load(yaml: text) as? [String: Any])
  }

  /// What an action left.
  private struct Outcome {
    var code: Int32 = 0
    var outputs: [String: String] = [:]
    var summary = ""
    var log = ""
  }

  /// Runs the action's steps until one fails; expressions are of the few forms that it uses.
  private func runAction(_ given: [String: String]) throws -> Outcome {
    let action = try yaml("action.yml")
    let declared = try #require(action["inputs"] as? [String: [String: Any]])
    var values: [String: String] = [:]
    for (name, input) in declared {
      if input["required"] as? Bool == true { #expect(given[name] != nil) }
      values["inputs.\(name)"] = given[name] ?? (input["default"] as? String ?? "")
    }
    let steps = try #require((action["runs"] as? [String: Any])?["steps"] as? [[String: Any]])
    var outcome = Outcome()
    let summary = folder.file("summary.md")
    for step in steps {
      if step["if"] as? String == "inputs.unmask == ''", values["inputs.unmask"] != "" { continue }
      #expect(step["if"] == nil && step["shell"] as? String == "bash")
      let output = folder.file("output")
      try "".write(toFile: output, atomically: true, encoding: .utf8)
      var environment = [
        "GITHUB_OUTPUT": output, "GITHUB_STEP_SUMMARY": summary, "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": packageFolder, "UNMASK_CACHE": folder.file("cache"),
      ]
      for (name, value) in step["env"] as? [String: String] ?? [:] {
        environment[name] = try expression(value, values)
      }
      let (code, log) = try bash(try #require(step["run"] as? String), environment)
      for line in try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n") {
        let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
        outcome.outputs[parts[0]] = parts.last
        values["steps.\(step["id"] as? String ?? "").outputs.\(parts[0])"] = parts.last
      }
      outcome.log += log
      outcome.code = code
      if code != 0 { break }
    }
    outcome.summary = (try? String(contentsOfFile: summary, encoding: .utf8)) ?? ""
    return outcome
  }

  /// The value of `${{ name }}`.
  private func expression(_ text: String, _ values: [String: String]) throws -> String {
    let name = text.dropFirst(3).dropLast(2).trimmingCharacters(in: .whitespaces)
    #expect(text.hasPrefix("${{") && text.hasSuffix("}}"))
    return try #require(values[name], "\(name) is not known")
  }

  @Test("The action passes an equal encoder where the images suffice, and says where they do not")
  func equal() throws {
    let candidate = try checkpoint("nightly", isCollapsed: false)
    let config = folder.file("gate.yaml")
    try "default_margin: 5\n".write(toFile: config, atomically: true, encoding: .utf8)
    let passed = try runAction(inputs(candidate, ["config": config]))
    #expect(passed.code == 0, "\(passed.log)")
    #expect(passed.outputs["verdict"] == "pass")
    #expect(passed.summary.contains("Gate: pass"))
    let junit = try String(contentsOfFile: folder.file("results/gate.xml"), encoding: .utf8)
    #expect(junit.contains("failures=\"0\""))
    // One point on 200 images cannot be decided.
    let open = try runAction(inputs(candidate, ["options": "--threads 1 --seed 0"]))
    #expect(open.code == 3 && open.outputs["verdict"] == "inconclusive", "\(open.log)")
    let allowed = try runAction(inputs(candidate, ["allow-inconclusive": "true"]))
    #expect(allowed.code == 0 && allowed.outputs["verdict"] == "pass", "\(allowed.log)")
  }

  @Test("The action fails a collapsed encoder, and a baseline that is not there")
  func worse() throws {
    let candidate = try checkpoint("nightly build", isCollapsed: true)
    let failed = try runAction(inputs(candidate))
    #expect(failed.code == 1 && failed.outputs["verdict"] == "regression", "\(failed.log)")
    #expect(failed.log.contains("::error"))
    #expect(failed.summary.contains("Gate: regression"))
    let absent = try runAction(inputs(candidate, ["baseline": folder.file("absent")]))
    #expect(absent.code == 2 && absent.outputs["verdict"] == "unusable", "\(absent.log)")
  }

  @Test("The GitLab template's lines pass, fail, and leave the same files")
  func gitlab() throws {
    let job = try #require(yaml("ci/gate.gitlab-ci.yml")[".unmask-gate"] as? [String: Any])
    let script = try #require(job["script"] as? [String]).joined(separator: "\n")
    var variables = try #require(job["variables"] as? [String: String])
    for (name, value) in try inputs(checkpoint("nightly", isCollapsed: false)) {
      variables[name.uppercased()] = value
    }
    variables["ALLOW_INCONCLUSIVE"] = "true"
    variables["UNMASK_CACHE"] = folder.file("cache")
    let passed = try bash(script, variables)
    #expect(passed.code == 0, "\(passed.output)")
    #expect(FileManager.default.fileExists(atPath: folder.file("results/gate.md")))
    variables["CHECKPOINT"] = try checkpoint("collapsed", isCollapsed: true)
    let failed = try bash(script, variables)
    #expect(failed.code == 1, "\(failed.output)")
  }
}
