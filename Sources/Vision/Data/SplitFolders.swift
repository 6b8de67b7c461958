import Support

/// The folders of a data set that hold its splits, by whichever of their usual names.
struct SplitFolders {
  let train: String
  let validation: String?
  let test: String?

  private enum Role: String, CaseIterable {
    case train, validation, test

    var names: [String] {
      switch self {
      case .train: ["train", "training"]
      case .validation: ["val", "valid", "validation", "dev"]
      case .test: ["test", "testing"]
      }
    }
  }

  /// Looks for splits below a folder; nil when its folders are classes.
  ///
  /// A folder is a split when it has the name of one, in whichever case, and holds folders: a class
  /// may be called `train` too.
  /// - Throws: `InputError` when there are splits but not to train on, or folders that are none.
  init?(in path: String) throws {
    let names = try ClassFolders.names(in: path)
    var found: [Role: [String]] = [:]
    var others: [String] = []
    for name in names {
      let role = Role.allCases.first { $0.names.contains(name.lowercased()) }
      if let role { found[role, default: []].append(name) } else { others.append(name) }
    }
    let splits = found.values.flatMap { $0 }
    guard !splits.isEmpty else {
      try Self.refuseLikeness(names, in: path)
      return nil
    }
    let holdFolders = try splits.contains { try !ClassFolders.names(in: "\(path)/\($0)").isEmpty }
    // One such name among others is a class; pictures in train/ and test/ are splits without classes.
    if !holdFolders, !others.isEmpty, found.count == 1 { return nil }
    let seen = "it holds " + names.map { "\(FileNameText.visible($0))/" }.briefly
    func error(_ problem: String, _ remedy: String) -> InputError {
      InputError(FileNameText.visible(path), problem + "; " + seen, remedy)
    }
    guard others.isEmpty else {
      let strange = others.map { "\(FileNameText.visible($0))/" }.briefly
      throw error(
        "has splits, and \(strange) beside them that is understood as none",
        "name splits train, val and test, and move the rest elsewhere")
    }
    for role in Role.allCases where found[role, default: []].count > 1 {
      throw error("has two folders for the \(role.rawValue) split", "keep one of them")
    }
    guard let train = found[.train]?.first else {
      throw error(
        "has no training split",
        "call it train, or give a folder that holds class folders alone")
    }
    self.train = train
    validation = found[.validation]?.first
    test = found[.test]?.first
  }
}

extension SplitFolders {
  /// Refuses folders that would be read as classes and are splits by the look of them: `seg_train` and
  /// `seg_test`, or one that holds `train` and `test`.
  private static func refuseLikeness(_ names: [String], in path: String) throws {
    func words(_ name: String) -> Set<String> {
      Set(name.lowercased().split { !$0.isLetter }.map(String.init))
    }
    func roles(_ names: [String]) -> [(name: String, role: Role)] {
      names.compactMap { name in
        Role.allCases.first { !words(name).isDisjoint(with: $0.names) }.map { (name, $0) }
      }
    }
    func hold(_ names: [String], in path: String) throws -> Bool {
      try names.allSatisfy { try !ClassFolders.names(in: "\(path)/\($0)").isEmpty }
    }
    let alike = roles(names)
    if Set(alike.map { $0.role }).count > 1, try hold(alike.map { $0.name }, in: path) {
      let seen = alike.map { "\(FileNameText.visible($0.name))/" }.briefly
      throw InputError(
        FileNameText.visible(path), "holds \(seen), which look like splits and not like classes",
        "call them train, val and test")
    }
    for name in names.prefix(8) {
      let inner = "\(path)/\(name)"
      let found = roles(try ClassFolders.names(in: inner)).filter {
        $0.role.names.contains($0.name.lowercased())
      }
      guard Set(found.map { $0.role }).count > 1, try hold(found.map { $0.name }, in: inner) else {
        continue
      }
      throw InputError(
        FileNameText.visible(inner), "holds splits, and would be read as a class",
        "give this folder itself")
    }
  }
}

extension [String] {
  /// The first few, and how many more there are.
  package var briefly: String {
    guard count > 6 else { return joined(separator: ", ") }
    return prefix(5).joined(separator: ", ") + " and \(count - 5) more"
  }
}
