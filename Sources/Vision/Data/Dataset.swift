import Support

/// Annotated pictures, split into those to learn from and those to test on.
package struct Dataset: Sendable {
  /// What people call it: the kind, the folder's name, and what was chosen in the specification.
  package let id: String
  /// Names of the classes, in the order of their labels.
  package let classes: [String]
  /// What is known about each picture.
  package let annotations: Set<Annotation.Kind>
  /// Names of the classes of label maps, in the order of their ids; empty without label maps.
  package let mapClasses: [String]
  /// A SHA-256 in hexadecimal that changes when any picture, label or class name changes.
  package let fingerprint: String
  /// Pictures to learn from.
  package let train: any ImageSplit
  /// Pictures to choose hyper-parameters on, where the data set brings its own.
  package let validation: (any ImageSplit)?
  /// Pictures to test on, once.
  package let test: any ImageSplit
  /// The `limit` that cut the splits short, if any.
  package let limit: Int?
  /// What a reader of its numbers should know of how it was read.
  package internal(set) var reading: DatasetReading

  /// A data set; its splits must not share pictures.
  package init(
    id: String, classes: [String], annotations: Set<Annotation.Kind> = [.label],
    mapClasses: [String] = [], fingerprint: String, train: any ImageSplit,
    validation: (any ImageSplit)? = nil, test: any ImageSplit, limit: Int? = nil,
    reading: DatasetReading = DatasetReading()
  ) {
    precondition(
      annotations.contains(.labelMap) == !mapClasses.isEmpty, "label maps and their classes")
    self.id = id
    self.classes = classes
    self.annotations = annotations
    self.mapClasses = mapClasses
    self.fingerprint = fingerprint
    self.train = train
    self.validation = validation
    self.test = test
    self.limit = limit
    self.reading = reading
  }

  /// The splits with their names.
  package var splits: [(name: String, split: any ImageSplit)] {
    var all: [(name: String, split: any ImageSplit)] = [("train", train)]
    if let validation { all.append(("validation", validation)) }
    return all + [("test", test)]
  }

  /// The number of pictures in each split, by its name.
  package var splitSizes: [String: Int] {
    Dictionary(uniqueKeysWithValues: splits.map { ($0.name, $0.split.count) })
  }

  /// The fingerprint of what a limit leaves of a data set with the given one.
  package static func fingerprint(_ whole: String, limitedTo limit: Int) -> String {
    SHA256.hex(of: "\(whole) limited to \(limit)")
  }

  /// The data set with at most `limit` pictures a split, the classes in proportion.
  ///
  /// The same pictures on every call; the fingerprint and the name tell it from the whole set.
  package func limited(to limit: Int) -> Dataset {
    precondition(limit > 0, "a limit of \(limit) pictures")
    guard splits.contains(where: { $0.split.count > limit }) else { return self }
    return Dataset(
      id: "\(id), limited to \(limit)", classes: classes, annotations: annotations,
      mapClasses: mapClasses, fingerprint: Self.fingerprint(fingerprint, limitedTo: limit),
      train: train.limited(to: limit, purpose: "limit train"),
      validation: validation?.limited(to: limit, purpose: "limit validation"),
      test: test.limited(to: limit, purpose: "limit test"), limit: limit, reading: reading)
  }
}

extension ImageSplit {
  /// At most `limit` pictures in their order, the classes in proportion.
  func limited(to limit: Int, purpose: String) -> any ImageSplit {
    guard count > limit else { return self }
    let (chosen, _) = stratifiedSplit(labels: labels, first: limit, seed: 0, purpose: purpose)
    return SubsetSplit(base: self, indices: chosen)
  }
}
