import Foundation
import Support
import TestSupport
import Testing

/// `unmask new`: templates that compile, in the right place.
struct NewTests {
  private let folder = TemporaryFolder()

  /// A folder that looks like a copy of the source.
  private func source() throws -> String {
    let path = folder.file("source")
    for part in [
      "Pretraining/Masks", "Pretraining/Losses", "Pretraining/Targets", "Evaluation/Tasks",
    ] {
      try FileManager.default.createDirectory(
        atPath: path + "/Sources/" + part, withIntermediateDirectories: true)
    }
    try FileManager.default.createDirectory(
      atPath: path + "/tasks", withIntermediateDirectories: true)
    try "".write(toFile: path + "/Package.swift", atomically: true, encoding: .utf8)
    return path
  }

  /// Each template is compiled with the contract tests, which hold a copy of what is written.
  @Test(arguments: [
    ("mask", "Pretraining/Masks/TemplateMask", "Pretraining"),
    ("loss", "Pretraining/Losses/TemplateLoss", "Pretraining"),
    ("target", "Pretraining/Targets/TemplateTarget", "Pretraining"),
    ("task", "Evaluation/Tasks/Template", "Evaluation"),
  ])
  func whatIsWrittenIsWhatCompiles(kind: String, file: String, module: String) throws {
    let source = try source()
    let result = try Program.run(["new", kind, "template"], in: source)
    #expect(result.code == 0 && result.output.contains("Sources/\(file).swift"), "\(result.errors)")
    let written = try String(contentsOfFile: source + "/Sources/\(file).swift", encoding: .utf8)
    let name = file.split(separator: "/").last ?? ""
    let compiled = try String(
      contentsOfFile: packageFolder + "/Tests/ContractTests/Templates/\(name).swift",
      encoding: .utf8)
    #expect(written == compiled.replacing("\n@testable import \(module)\n", with: ""))
  }

  @Test func namesBecomeTypes() throws {
    let source = try source()
    #expect(try Program.run(["new", "task", "patch_shuffle"], in: source).code == 0)
    let written = try String(
      contentsOfFile: source + "/Sources/Evaluation/Tasks/PatchShuffle.swift", encoding: .utf8)
    #expect(written.contains("struct PatchShuffle: Task") && written.contains("FittedPatchShuffle"))
    #expect(written.contains("\"patch_shuffle\"") && !written.lowercased().contains("template"))
    let settings = try String(contentsOfFile: source + "/tasks/patch_shuffle.yaml", encoding: .utf8)
    #expect(settings.contains("task: patch_shuffle\n"))
  }

  @Test(arguments: [
    (["mask", "Bad Name"], "is no name for a mask"), (["mask", "../up"], "is no name for a mask"),
    (["mask", "twice"], "is there already"),
  ])
  func refusals(arguments: [String], text: String) throws {
    let source = try source()
    try "kept".write(
      toFile: source + "/Sources/Pretraining/Masks/TwiceMask.swift", atomically: true,
      encoding: .utf8)
    let result = try Program.run(["new"] + arguments, in: source)
    #expect(result.code == 2 && result.errorLines.count == 1 && result.errors.contains(text))
    let kept = try String(
      contentsOfFile: source + "/Sources/Pretraining/Masks/TwiceMask.swift", encoding: .utf8)
    #expect(kept == "kept")
  }

  @Test func elsewhereThanInTheSource() throws {
    let result = try Program.run(["new", "mask", "mine"], in: folder.file("."))
    #expect(result.code == 2 && result.errors.contains("this is no copy of Unmask's source"))
  }
}
