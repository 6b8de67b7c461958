import ArgumentParser
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
    _ = try Fields(contentsOf: file)
    return "readable"
  }
}
