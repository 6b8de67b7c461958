import Foundation
import TestSupport
import Testing

struct UsageTests {
  private static let commands = [
    "pretrain", "evaluate", "compare", "gate", "report", "inspect", "convert", "features",
    "score", "corrupt", "list", "validate", "new",
  ]

  @Test func helpGoesToStandardOutput() throws {
    for arguments in [["--help"], [], ["help"]] {
      let result = try Program.run(arguments)
      #expect(result.code == 0)
      #expect(result.errors.isEmpty)
      for command in Self.commands { #expect(result.output.contains("  \(command) ")) }
    }
  }

  @Test(arguments: UsageTests.commands)
  func everyCommandShowsAnExample(command: String) throws {
    let result = try Program.run([command, "--help"])
    #expect(result.code == 0)
    #expect(result.output.contains("Example: unmask \(command) "))
  }

  @Test func version() throws {
    let result = try Program.run(["--version"])
    #expect(result.code == 0 && result.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
  }

  @Test(arguments: [
    ["nonsense"], ["--nonsense"], ["list"], ["list", "nonsense"], ["list", "recipes", "--jsn"],
    ["validate"],
  ])
  func wrongUsageIsOneLineAndExitTwo(arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.code == 2)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.hasPrefix("error: ") && result.errors.contains("--help'"))
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "no /dev/full"))
  func fullOutputIsOneLine() throws {
    let scratch = TemporaryFolder()
    let process = try Program.start(
      ["list", "recipes", "--json"], output: "/dev/full", errors: scratch.file("errors"))
    Program.wait(for: process, seconds: 60)
    #expect(process.terminationStatus == 2)
    let errors = try String(contentsOfFile: scratch.file("errors"), encoding: .utf8)
    #expect(errors.contains("standard output: cannot be written: the disk is full"))
  }
}
