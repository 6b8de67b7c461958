import Foundation
import Support
import TestSupport
import Testing

@testable import Training

struct PretrainTests {
  private let folder = TemporaryFolder()

  private func pretrain(_ arguments: [String]) throws -> Program.Result {
    try Program.run(
      ["pretrain", "mae-tiny", "--data", "scenes", "--limit", "16", "--epochs", "1", "--out"]
        + [folder.file("made")] + arguments)
  }

  @Test func writesACheckpointThatValidates() throws {
    let result = try pretrain([])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output == folder.file("made") + "\n")
    #expect(try Program.run(["validate", folder.file("made")]).code == 0)
    let again = try pretrain([])
    #expect(again.code == 2 && again.errors.contains("holds a checkpoint already"))
    #expect(try pretrain(["--resume"]).code == 0)
  }

  @Test(arguments: [
    (["--threads", "0"], "--threads must be from 1 to 1024, is 0"),
    (["--epochs", "0"], "--epochs: epochs must be from 1 to 100000, is 0"),
    (["--encoder", "vit-tiny/5@32"], "patch 5 does not divide"),
    (["--precision", "fp16"], "fp16"),
    (["--set", "mask.raito=1"], "did you mean 'mask.ratio'?"),
    (["--data", "cifar10:/absent"], "there is no folder /absent"),
  ])
  func mistakesAreOneLineAndExitTwo(arguments: [String], words: String) throws {
    let result = try pretrain(arguments)
    #expect(result.code == 2)
    #expect(result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("made")))
  }

  /// Ctrl-C while training: exit 130, no temporary file, and the run can be resumed.
  @Test func interruptionLeavesNothingHalfWritten() throws {
    let made = folder.file("made")
    let process = try Program.start(
      ["pretrain", "mae-tiny", "--data", "scenes", "--epochs", "100000", "--out", made],
      output: folder.file("output"), errors: folder.file("errors"))
    Thread.sleep(forTimeInterval: 3)
    process.interrupt()
    Program.wait(for: process, seconds: 20)
    #expect(process.terminationStatus == 130)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: made)) ?? []
    #expect(!names.contains { $0.hasSuffix(".tmp") })
  }

  /// Killed while it trains and logs, then resumed: every step once, in order.
  @Test func theLogOfAResumedRunHoldsEveryStepOnce() throws {
    let made = folder.file("made")
    let arguments = [
      "pretrain", "mae-tiny", "--data", "scenes?side=16&train=64&test=10", "--encoder",
      "vit-tiny/4@16", "--batch-size", "32", "--epochs", "60", "--log", "tensorboard", "--out",
      made,
    ]
    let process = try Program.start(
      arguments, output: folder.file("output"), errors: folder.file("errors"))
    while process.isRunning, !FileManager.default.fileExists(atPath: made + "/state.safetensors") {
      Thread.sleep(forTimeInterval: 0.02)
    }
    Thread.sleep(forTimeInterval: 0.3)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let resumed = try Program.run(arguments + ["--resume"])
    #expect(resumed.code == 0 && resumed.errors.contains("resuming"), "\(resumed.errors)")
    let log = try MappedFile(EventLog(made).path).data
    let steps = EventRecord.whole(in: log).map { ScalarEvent.step(of: $0.content) }
    #expect(steps == Array(0...120))
  }

  @Test(.enabled(if: TinyDisk.isAvailable, "no right to mount a small file system"))
  func fullDiskIsOneLine() throws {
    let disk = try #require(TinyDisk(bytes: 1 << 20))
    let result = try pretrain(["--out", disk.path + "/made"])
    #expect(result.code == 2)
    #expect(result.errorLines.last?.contains("the disk is full") == true)
  }
}
