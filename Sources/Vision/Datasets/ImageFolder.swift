import Foundation
import Support

/// PNG and JPEG files, one folder a class, decoded when asked for.
enum ImageFolder: DatasetKind {
  static let kind = "folder"
  static let summary = "PNG and JPEG files, one folder a class; below train/, val/, test/ if there"
  static let placeholder: String? = "DIR"
  static let options = [
    DatasetOption(
      name: "test", summary: "share cut off for testing where no split is there (0.01…0.9; 0.2)"),
    DatasetOption(name: "seed", summary: "chooses what is cut off (0)"),
    DatasetOption(
      name: "fingerprint",
      summary: "'contents' (default) reads every file; 'sizes' trusts names and sizes"),
  ]

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let folder = try specification.folder()
    let readsAll = try specification.choice("fingerprint", of: ["contents", "sizes"]) == "contents"
    let share = try specification.number("test", default: 0.2, in: 0.01...0.9)
    let seed = try specification.integer("seed", default: 0, in: 0...Int.max)
    let hasTrain = isFolder(folder + "/train")
    let train = try ClassFolders(hasTrain ? folder + "/train" : folder)
    let others = try ["val", "test"].filter { hasTrain && isFolder("\(folder)/\($0)") }
      .map { try ClassFolders("\(folder)/\($0)", classes: train.classes) }
    var hash = SHA256()
    hash.update(train.classes.joined(separator: "/"))
    for part in [train] + others { try part.fingerprint(&hash, readsAll: readsAll) }
    let all = train.split
    let name = "folder:\(specification.pathName)"
    guard let last = others.last else {
      return try split(all, train.classes, name, share, seed, hash.hex())
    }
    let hasBoth = others.count == 2
    let isValidationTested = !hasBoth && last.path.hasSuffix("/val")
    return Dataset(
      id: name + (isValidationTested ? " (val is the test split)" : ""), classes: train.classes,
      fingerprint: hash.hex(), train: all, validation: hasBoth ? others[0].split : nil,
      test: last.split)
  }

  /// Cuts a test split off, each class in proportion, and says so in the name.
  private static func split(
    _ all: FolderSplit, _ classes: [String], _ name: String, _ share: Double, _ seed: Int,
    _ fingerprint: String
  ) throws -> Dataset {
    let count = min(max(1, Int((Double(all.count) * share).rounded())), all.count - 1)
    guard count >= 1 else {
      throw InputError(name, "one picture cannot be split for testing", "add more of them")
    }
    let (test, train) = stratifiedSplit(
      labels: all.labels, first: count, seed: UInt64(seed), purpose: "folder test split")
    let rule = "\(train.count)/\(test.count) split with seed \(seed)"
    return Dataset(
      id: "\(name) (\(rule))", classes: classes,
      fingerprint: SHA256.hex(of: "\(fingerprint) \(rule)"),
      train: SubsetSplit(base: all, indices: train), test: SubsetSplit(base: all, indices: test))
  }
}
