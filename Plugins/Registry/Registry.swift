import Foundation
import PackagePlugin

/// Lists the entries of registry folders, so that adding an entry is adding one file.
///
/// A target's `registries.txt` has one line a folder: `Folder Protocol listName`. Every Swift file
/// in `Folder` holds a type of the file's name that conforms to `Protocol`; the plugin writes
/// `package let listName: [any Protocol.Type]` with all of them, in the order of their names.
@main
struct Registry: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) async throws -> [Command] {
    guard let module = target as? SourceModuleTarget else { return [] }
    let list = module.directoryURL.appending(path: "registries.txt")
    guard let text = try? String(contentsOf: list, encoding: .utf8) else { return [] }
    return try text.split(separator: "\n").map { line in
      let words = line.split(separator: " ").map(String.init)
      guard words.count == 3 else { throw RegistryError.malformed(String(line), in: list.path()) }
      return command(folder: words[0], type: words[1], name: words[2], module, context)
    }
  }

  private func command(
    folder: String, type: String, name: String, _ module: SourceModuleTarget,
    _ context: PluginContext
  ) -> Command {
    let directory = module.directoryURL.appending(path: folder)
    let files = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path())) ?? [])
      .filter { $0.hasSuffix(".swift") }.sorted()
    let types = files.map { "  " + $0.dropLast(".swift".count) + ".self," }.joined(separator: "\n")
    let output = context.pluginWorkDirectoryURL.appending(path: "\(name).swift")
    let text =
      "/// Every file of `\(folder)`.\npackage let \(name): [any \(type).Type] = [\n\(types)\n]\n"
    return .buildCommand(
      displayName: "Listing \(folder)",
      executable: URL(filePath: "/bin/sh"),
      arguments: ["-c", "printf '%s' \"$1\" > \"$2\"", "sh", text, output.path()],
      inputFiles: files.map { directory.appending(path: $0) },
      outputFiles: [output])
  }
}

enum RegistryError: Error { case malformed(String, in: String) }
