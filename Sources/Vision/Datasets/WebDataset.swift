import Foundation
import Support

/// WebDataset: tar archives in which a picture and its label share the beginning of their names.
enum WebDataset: DatasetKind {
  static let kind = "webdataset"
  static let summary =
    "tar archives of KEY.jpg (or png, webp, …) and KEY.cls or KEY.json with a label"
  static let placeholder: String? = "DIR or FILE.tar"
  static let options =
    NumPyImages.options + [
      DatasetOption(
        name: "test", summary: "share cut off for testing where no split is there (0.01…0.9; 0.2)"),
      DatasetOption(name: "seed", summary: "chooses what is cut off (0)"),
    ]

  static func recognizes(_ path: String) -> Bool {
    guard isFile(path) else { return !((try? shards(in: path)) ?? []).isEmpty }
    // Old checkpoints are called .pth.tar and are none; others lie in an archive.
    guard path.hasSuffix(".tar"), let shard = try? TarShard(path) else { return false }
    return shard.entries.contains { pictureEndings.contains($0.name.fileEnding.lowercased()) }
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let path = try specification.location("file or folder")
    let paths = isFile(path) ? [path] : try shards(in: path)
    guard !paths.isEmpty else {
      if let foreign = ForeignData(path) { throw foreign.error(specification.text) }
      throw InputError(path, "holds no .tar files", "give the folder that holds them")
    }
    var parts: [String: TarSplit] = [:]
    var hash = SHA256()
    for path in paths {
      let shard = try TarShard(path)
      let role = role(of: path)
      parts[role, default: TarSplit()].add(try samples(of: shard))
      hash.update("\(role) \(shard.file.count)\n")
      withExtendedLifetime(shard.file) { unsafe hash.update(shard.file.bytes) }
    }
    return try dataset(specification, parts, hash.hex())
  }

  private static func shards(in folder: String) throws -> [String] {
    try listFolder(folder).filter { !isLitter($0.name) }.flatMap { entry -> [String] in
      let path = folder + "/" + entry.name
      guard entry.isFolder else { return entry.name.hasSuffix(".tar") ? [path] : [] }
      guard roles[entry.name.lowercased()] != nil else { return [] }
      return try listFolder(path).filter { $0.name.hasSuffix(".tar") && !isLitter($0.name) }
        .map { path + "/" + $0.name }
    }
  }

  /// The split that a shard belongs to, by its name or that of its folder; `train` when nothing says so.
  private static func role(of path: String) -> String {
    let words = (path.parentFolder.fileName + "/" + path.fileName).lowercased()
      .split { !$0.isLetter }
    return words.reversed().lazy.compactMap { roles[String($0)] }.first ?? "train"
  }

  private static let roles = [
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test", "train": "train", "training": "train",
  ]

  /// Pictures with their labels: entries whose names are equal up to the first dot.
  private static func samples(of shard: TarShard) throws -> TarSplit {
    var pictures: [(key: String, entry: TarShard.Entry)] = []
    var labels: [String: Int] = [:]
    for entry in shard.entries where !isLitter(entry.name.fileName) {
      let name = entry.name.fileName
      guard let dot = name.firstIndex(of: ".") else { continue }
      let ending = name[name.index(after: dot)...].lowercased()
      let key = String(entry.name.dropLast(name[dot...].count))
      if pictureEndings.contains(ending) { pictures.append((key, entry)) }
      guard ending == "cls" || ending == "json", labels[key] == nil || ending == "cls" else {
        continue
      }
      let subject = "\(shard.file.path): \(FileNameText.visible(entry.name))"
      labels[key] = try shard.withBytes(entry) { try label($0, isJSON: ending == "json", subject) }
    }
    var split = TarSplit()
    for (key, entry) in pictures {
      guard let label = labels[key] else {
        throw InputError(
          shard.file.path, "has no label for \(FileNameText.visible(entry.name))",
          "write \(FileNameText.visible(key)).cls, a whole number, beside it")
      }
      split.add(shard, entry, label: label)
    }
    return split
  }

  /// The label in a `.cls` file (a whole number) or a `.json` file (member label, cls or class).
  private static func label(_ data: Data, isJSON: Bool, _ subject: String) throws -> Int? {
    let found: Int?
    if isJSON {
      let json = try JSON.parse(data, from: subject)
      found = ["label", "cls", "class"].lazy.compactMap { json[$0]?.int }.first
      if found == nil { return nil }
    } else {
      found = Int(
        String(decoding: data.prefix(32), as: UTF8.self).trimmingCharacters(
          in: .whitespacesAndNewlines))
    }
    guard let label = found, (0..<1 << 20).contains(label) else {
      throw InputError(subject, "holds no label from 0 to \(1 << 20)", "write a whole number")
    }
    return label
  }

  private static func dataset(
    _ specification: DatasetSpecification, _ parts: [String: TarSplit], _ fingerprint: String
  ) throws -> Dataset {
    guard let train = parts["train"], train.count > 0 else {
      throw InputError(
        specification.text, "holds no training pictures", "call the shards train-….tar")
    }
    let greatest = parts.values.flatMap { $0.classes }.max() ?? 0
    let classes = try specification.integer("classes", default: Int(greatest) + 1, in: 1...1 << 20)
    guard greatest < classes else {
      throw InputError(
        specification.text, "has label \(greatest), outside 0…\(classes - 1)",
        "set the option 'classes'")
    }
    let names = (0..<classes).map(String.init)
    let name = "webdataset:\(specification.pathName)\(specification.optionsText)"
    let (validation, test) = (parts["validation"], parts["test"])
    if let tested = test ?? validation {
      return Dataset(
        id: name + (test == nil ? " (validation is the test split)" : ""), classes: names,
        fingerprint: fingerprint, train: train, validation: test == nil ? nil : validation,
        test: tested)
    }
    let share = try specification.number("test", default: 0.2, in: 0.01...0.9)
    let seed = try specification.integer("seed", default: 0, in: 0...Int.max)
    let (cut, rest, rule) = try train.cut(share, seed: seed, name: name)
    return Dataset(
      id: "\(name) (\(rule))", classes: names,
      fingerprint: SHA256.hex(of: "\(fingerprint) \(rule)"),
      train: SubsetSplit(base: train, indices: rest), test: SubsetSplit(base: train, indices: cut))
  }
}

/// Pictures in tar archives.
struct TarSplit: ImageSplit {
  private var shards: [TarShard] = []
  private var places: [(shard: Int32, entry: TarShard.Entry)] = []
  private(set) var classes: [Int32] = []

  var count: Int { classes.count }

  mutating func add(_ shard: TarShard, _ entry: TarShard.Entry, label: Int) {
    if shards.last?.file !== shard.file { shards.append(shard) }
    places.append((Int32(shards.count - 1), entry))
    classes.append(Int32(label))
  }

  mutating func add(_ other: TarSplit) {
    let first = Int32(shards.count)
    shards += other.shards
    places += other.places.map { (first + $0.shard, $0.entry) }
    classes += other.classes
  }

  func image(at index: Int) throws -> Image {
    let (shard, entry) = places[index]
    do {
      return try shards[Int(shard)].withBytes(entry) {
        try decodeImage($0, from: subject(at: index))
      }
    } catch let error as InputError { throw error.endingRun() }
  }

  /// How the picture is named in errors.
  private func subject(at index: Int) -> String {
    let (shard, entry) = places[index]
    return "\(shards[Int(shard)].file.path): \(FileNameText.visible(entry.name))"
  }

  func label(at index: Int) -> Int { Int(classes[index]) }

  func isTruncated(at index: Int) -> Bool {
    TruncatedPictures.areThere && TruncatedPictures.contains(subject(at: index))
  }

  func format(at index: Int) -> String? {
    let (shard, entry) = places[index]
    return shards[Int(shard)].withBytes(entry) {
      imageFormat([UInt8]($0.prefix(imageFormatPrefix)))?.name
    }
  }

  func exampleID(at index: Int) -> String {
    let (shard, entry) = places[index]
    return FileNameText.visible("\(shards[Int(shard)].file.path.fileName)/\(entry.name)")
  }
}
