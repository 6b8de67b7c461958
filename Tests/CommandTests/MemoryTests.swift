import Foundation
import Support
import TestSupport
import Testing

/// Runs with too little memory: they end, with one line.
struct MemoryTests {
  private let folder = TemporaryFolder()

  /// Limits of address space in KiB at which the program starts, and its work may not fit.
  private static let limits = [180_000, 220_000, 260_000, 300_000, 400_000, 500_000]

  private func run(_ words: String, limit: Int) throws -> Program.Result {
    try Program.shell("ulimit -v \(limit); exec \"$UNMASK\" \(words)", seconds: 100)
  }

  @Test(
    .enabled(
      if: (try? Program.shell("ulimit -v 2000000; \"$UNMASK\" --version"))?.code == 0,
      "address space cannot be limited"), arguments: MemoryTests.limits)
  func endsWithALine(limit: Int) throws {
    // Where not even the libraries can be mapped, the system's loader speaks.
    guard try run("--version", limit: limit).code == 0 else { return }
    let data = "'scenes?side=32&train=128&test=64'"
    for words in [
      "pretrain mae-tiny --data \(data) --epochs 1 --threads 4 --out \(folder.file("p\(limit)"))",
      "evaluate random:vit-tiny/4@32 --tasks knn --data \(data) --threads 3 --out \(folder.file("e\(limit)"))",
    ] {
      let result = try run(words, limit: limit)
      #expect(result.code == 0 || result.code == 2, "\(limit) \(words): \(result.errors)")
      guard result.code == 2 else { continue }
      let line = result.errorLines.last ?? ""
      #expect(line.hasPrefix("error: ") && line.contains("memory"), "\(limit): \(result.errors)")
    }
    let left = try Program.shell("find \(folder.path) -name '.*.tmp'")
    #expect(left.output.isEmpty)
  }
}
