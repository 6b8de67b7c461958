import ArgumentParser
import Foundation
import Reporting
import Support

/// `unmask validate`: says what is wrong with files, runs nothing.
struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check recipes, tasks, reports and checkpoints without running anything.",
    discussion: "Example: unmask validate tasks/pretrain/mae.yaml checkpoints/mae")

  @Argument(help: "Files to check.")
  var files: [String]

  func run() throws {
    var isUsable = true
    for file in files {
      do {
        try StandardOutput.line("\(file): \(try check(file))")
      } catch {
        isUsable = false
        Log.error(Log.line(for: error))
      }
    }
    if !isUsable { throw Failure.unusable }
  }

  /// What the file is, in words; throws what is wrong with it.
  private func check(_ file: String) throws -> String {
    if isReport(file) {
      let report = try Report.read(file)
      return "a report of \(report.checkpoint.name) on \(report.tasks.count) tasks"
    }
    let fields = try Fields(contentsOf: file)
    return "a mapping of \(fields.keys.count) keys"
  }

  /// Whether `file` is a report, or a folder that holds one.
  private func isReport(_ file: String) -> Bool {
    if FileManager.default.fileExists(atPath: file + "/report.json") { return true }
    guard file.hasSuffix(".json"), let json = try? JSON.parse(contentsOf: file) else {
      return false
    }
    return json["schema"]?.string?.hasPrefix("unmask.report/") ?? false
  }
}
