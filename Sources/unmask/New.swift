import ArgumentParser
import Foundation
import Support

/// `unmask new`: the file that a new mask, task, loss or target begins with.
struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write the source file of a new mask, task, loss or target.",
    discussion: """
      Example: unmask new mask checkerboard

      Run it in a copy of Unmask's source. The file works as it stands, is known to the program once it is built \
      again, and says what to replace; CONTRIBUTING.md says what its tests should ask.
      """)

  @Argument(help: "What to write: mask, task, loss or target.")
  var kind: SourceTemplate

  @Argument(help: "Its name, in lower case: checkerboard, patch_shuffle.")
  var name: String

  func run() throws {
    guard name.wholeMatch(of: /[a-z][a-z0-9]*(_[a-z0-9]+)*/) != nil, name.count <= 60 else {
      throw InputError(
        "'\(name)'", "is no name for a \(kind.rawValue)",
        "use lower-case letters and digits, with _ between words, such as patch_shuffle")
    }
    guard FileSystem.exists("Package.swift"), FileSystem.exists(kind.folder) else {
      throw InputError(
        kind.folder, "is not here: this is no copy of Unmask's source",
        "change to one and try again")
    }
    let files = kind.files(named: name)
    if let taken = files.first(where: { FileSystem.exists($0.path) }) {
      throw InputError(taken.path, "is there already", "choose another name, or remove it")
    }
    for file in files {
      try AtomicFile.write(file.text, to: file.path)
      try StandardOutput.line(file.path)
    }
    Log.note("build again, and 'unmask \(kind.use(of: name))' knows it")
  }
}

/// A kind of source file that the program can begin.
enum SourceTemplate: String, CaseIterable, ExpressibleByArgument {
  case mask, task, loss, target

  /// Where such files live; a build plugin knows those that are there.
  var folder: String {
    switch self {
    case .mask: "Sources/Pretraining/Masks"
    case .loss: "Sources/Pretraining/Losses"
    case .target: "Sources/Pretraining/Targets"
    case .task: "Sources/Evaluation/Tasks"
    }
  }

  /// The files that a thing of this kind consists of.
  func files(named name: String) -> [(path: String, text: String)] {
    let words = name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
    let type = words.joined() + suffix
    let named = { (bytes: [UInt8]) in
      String(decoding: bytes, as: UTF8.self).replacing("Template\(suffix)", with: type)
        .replacing("template", with: name)
    }
    let source = ("\(folder)/\(type).swift", named(text))
    guard self == .task else { return [source] }
    return [source, ("tasks/\(name).yaml", named(PackageResources.task_settings_txt))]
  }

  /// A command that shows the new thing.
  func use(of name: String) -> String {
    switch self {
    case .mask: "list masks"
    case .task: "evaluate random:vit-tiny/4@32 --tasks \(name) --limit 200"
    case .loss: "pretrain my.yaml, with loss: \(name),"
    case .target: "pretrain my.yaml, with target: \(name),"
    }
  }

  private var suffix: String {
    self == .task ? "" : rawValue.prefix(1).uppercased() + rawValue.dropFirst()
  }

  private var text: [UInt8] {
    switch self {
    case .mask: PackageResources.mask_txt
    case .task: PackageResources.task_txt
    case .loss: PackageResources.loss_txt
    case .target: PackageResources.target_txt
    }
  }
}
