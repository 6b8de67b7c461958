import Foundation
import Support

/// Picture files, one folder a class, decoded when asked for.
enum ImageFolder: DatasetKind {
  static let kind = "folder"
  static let summary =
    "pictures (\(imageFormatNames)), one folder a class; below train/, val/, test/ if there"
  static let placeholder: String? = "DIR"
  static let options = [
    DatasetOption(
      name: "test", summary: "share cut off for testing where no split is there (0.01…0.9; 0.2)"),
    DatasetOption(name: "seed", summary: "chooses what is cut off (0)"),
    DatasetOption(
      name: "order",
      summary: "order of the classes: 'numbers' where all names are whole numbers, else 'text'"),
    DatasetOption(
      name: "fingerprint",
      summary: "'contents' (default) reads every file; 'sizes' trusts names and sizes"),
  ]

  static func recognizes(_ path: String) -> Bool {
    guard let names = try? ClassFolders.names(in: path), !names.isEmpty else { return false }
    return (try? SplitFolders(in: path)) != nil
      || names.prefix(8).contains { holdsPicture("\(path)/\($0)", depth: 2) }
  }

  /// Whether a picture lies in a folder or not far below it; a whole tree is not walked for a guess.
  private static func holdsPicture(_ folder: String, depth: Int) -> Bool {
    let entries = ((try? listFolder(folder)) ?? []).filter { !isLitter($0.name) }
    return entries.contains {
      !$0.isFolder && pictureEndings.contains($0.name.fileEnding.lowercased())
    }
      || depth > 0
        && entries.filter { $0.isFolder }.prefix(4)
          .contains { holdsPicture("\(folder)/\($0.name)", depth: depth - 1) }
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let folder = try specification.folder()
    let readsAll = try specification.choice("fingerprint", of: ["contents", "sizes"]) == "contents"
    let share = try specification.number("test", default: 0.2, in: 0.01...0.9)
    let seed = try specification.integer("seed", default: 0, in: 0...Int.max)
    let order = try order(specification)
    let splits = try SplitFolders(in: folder)
    let train = try ClassFolders(
      training: splits.map { "\(folder)/\($0.train)" } ?? folder, order: order)
    guard order != .numbers || ClassOrder(of: train.classes) == .numbers else {
      throw InputError(
        specification.text, "not all classes are whole numbers, as order=numbers needs",
        "leave the option out")
    }
    var reading = DatasetReading()
    let validation =
      try splits?.validation.map { try other("\(folder)/\($0)", train, &reading) } ?? nil
    let test = try splits?.test.map { try other("\(folder)/\($0)", train, &reading) } ?? nil
    let parts = [train, validation, test].compactMap { $0 }
    var hash = SHA256()
    hash.update(train.classes.joined(separator: "/"))
    for part in parts { try part.fingerprint(&hash, readsAll: readsAll) }
    note(parts, order: train.order, &reading)
    let chosen = order.map { "?order=\($0.rawValue)" } ?? ""
    let name = "folder:\(FileNameText.visible(specification.pathName))\(chosen)"
    guard let tested = test ?? validation else {
      return try split(train.split, train.classes, name, share, seed, hash.hex(), reading)
    }
    let remark = test == nil ? " (\(tested.path.fileName) is the test split)" : ""
    return Dataset(
      id: name + remark, classes: train.classes, fingerprint: hash.hex(), train: train.split,
      validation: test == nil ? nil : validation?.split, test: tested.split, reading: reading)
  }

  /// The order that was asked for, if one was.
  private static func order(_ specification: DatasetSpecification) throws -> ClassOrder? {
    guard specification.has("order") else { return nil }
    let choices = ClassOrder.allCases.map { $0.rawValue }
    return ClassOrder(rawValue: try specification.choice("order", of: choices))
  }

  /// A split that is not trained on; nil when its pictures have no classes.
  private static func other(
    _ path: String, _ train: ClassFolders, _ reading: inout DatasetReading
  ) throws -> ClassFolders? {
    if let table = AnnotatedPictures.table(in: path) {
      return try AnnotatedPictures.read(path, table: table, like: train)
    }
    if try AnnotatedPictures.isUnlabelled(path), train.label(of: "images") == nil {
      let count = try FolderWalk(path).pictures.count
      reading.leftOut.add(kind: "picture without a class in \(path.fileName)/", count: count)
      return nil
    }
    return try ClassFolders(path, classesOf: train)
  }

  private static func note(
    _ parts: [ClassFolders], order: ClassOrder, _ reading: inout DatasetReading
  ) {
    reading.classOrder = order
    for part in parts {
      reading.leftOut.add(part.leftOut)
      let absent = part.absentClasses
      if absent > 0 {
        reading.remarks.append(
          "\(FileNameText.visible(part.path.fileName)) has no pictures of \(absent) of "
            + "\(part.classes.count) classes")
      }
    }
  }

  /// Cuts a test split off, each class in proportion, and says so in the name.
  private static func split(
    _ all: FolderSplit, _ classes: [String], _ name: String, _ share: Double, _ seed: Int,
    _ fingerprint: String, _ reading: DatasetReading
  ) throws -> Dataset {
    let (test, train, rule) = try all.cut(share, seed: seed, name: name)
    return Dataset(
      id: "\(name) (\(rule))", classes: classes,
      fingerprint: SHA256.hex(of: "\(fingerprint) \(rule)"),
      train: SubsetSplit(base: all, indices: train), test: SubsetSplit(base: all, indices: test),
      reading: reading)
  }
}

extension ImageSplit {
  /// Cuts off a share of the pictures for testing, each class in proportion.
  /// - Returns: indices of either part, and the rule in words.
  /// - Throws: `InputError` naming `name` when there are fewer than two pictures.
  func cut(_ share: Double, seed: Int, name: String) throws -> (
    test: [Int], train: [Int], rule: String
  ) {
    let wanted = min(max(1, Int((Double(count) * share).rounded())), count - 1)
    guard wanted >= 1 else {
      throw InputError(name, "one picture cannot be split for testing", "add more of them")
    }
    let (test, train) = stratifiedSplit(
      labels: labels, first: wanted, seed: UInt64(seed), purpose: "folder test split")
    return (test, train, "\(train.count)/\(test.count) split with seed \(seed)")
  }
}
