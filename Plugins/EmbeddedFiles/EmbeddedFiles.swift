import Foundation
import PackagePlugin

/// Compiles the YAML files of a folder into a target, so that an installed program finds them.
///
/// A target's `embedded.txt` has one line a folder: `folder listName`, the folder seen from the
/// package's root. The plugin writes `let listName: [(name: String, text: String)]` with every
/// YAML file in it, in the order of their names, the name without `.yaml`.
@main
struct EmbeddedFiles: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) async throws -> [Command] {
    guard let module = target as? SourceModuleTarget else { return [] }
    let list = module.directoryURL.appending(path: "embedded.txt")
    guard let text = try? String(contentsOf: list, encoding: .utf8) else { return [] }
    return try text.split(separator: "\n").map { line in
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 2 else { throw EmbeddingError.malformed(String(line), in: list.path()) }
      return command(
        folder: context.package.directoryURL.appending(path: words[0]), name: words[1], context)
    }
  }

  private func command(folder: URL, name: String, _ context: PluginContext) -> Command {
    let files = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? [])
      .filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appending(path: $0) }
    let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
    // Raw strings with three number signs: YAML holds nothing that ends one.
    let script = """
      out="$1"; name="$2"; shift 2
      { printf 'let %s: [(name: String, text: String)] = [\\n' "$name"
        for file; do
          base="${file##*/}"
          printf '  (\\n    "%s",\\n    ###\"\"\"\\n' "${base%.yaml}"; cat "$file"
          printf '\\n\"\"\"###),\\n'
        done
        printf ']\\n'
      } > "$out"
      """
    return .buildCommand(
      displayName: "Embedding \(folder.lastPathComponent)",
      executable: URL(filePath: "/bin/sh"),
      arguments: ["-c", script, "sh", output.path(), name] + files.map { $0.path() },
      inputFiles: files, outputFiles: [output])
  }
}

enum EmbeddingError: Error { case malformed(String, in: String) }
