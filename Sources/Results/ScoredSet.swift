import Support

/// One of several sets of pictures that a task's head was scored on.
///
/// Names and outcomes only: the metrics stand with those of the entry, named after the set.
package struct ScoredSet: Equatable, Sendable {
  /// A name that no other set of the entry has, for example `gaussian_noise-3`.
  package var name: String
  /// The split of the data set.
  package var split: String
  /// The data set, when it is not that of the entry.
  package var dataset: OtherDataset?
  /// How its pictures were spoilt; nil when they were not.
  package var corruption: CorruptionUse?
  /// Outcomes of each picture, when just computed.
  package var predictions: Predictions?
  /// Where the outcomes are, in a report that was written or read.
  package var predictionsFile: PredictionsReference?

  /// A data set beside that of an entry.
  package struct OtherDataset: Equatable, Sendable {
    /// Its id.
    package var id: String
    /// A hash of its contents.
    package var fingerprint: String

    /// A data set by name and content.
    package init(id: String, fingerprint: String) {
      self.id = id
      self.fingerprint = fingerprint
    }
  }

  /// A set without outcomes.
  package init(
    name: String, split: String, dataset: OtherDataset? = nil, corruption: CorruptionUse? = nil
  ) {
    self.name = name
    self.split = split
    self.dataset = dataset
    self.corruption = corruption
  }
}

/// How the pictures of a set were spoilt.
package struct CorruptionUse: Equatable, Sendable {
  /// The corruption's kind, for example `gaussian_noise`.
  package var kind: String
  /// 1, the mildest, to 5.
  package var severity: Int
  /// The generator and its version, for example `cifar-c-math@1`.
  package var generator: String
  /// The seed of the draws.
  package var seed: Int

  /// A corruption at a severity.
  package init(kind: String, severity: Int, generator: String, seed: Int) {
    self.kind = kind
    self.severity = severity
    self.generator = generator
    self.seed = seed
  }
}

extension ScoredSet {
  /// What it is, without outcomes: a part of what makes two entries comparable.
  var identity: JSON {
    [
      "name": .string(name), "split": .string(split), "dataset": dataset?.json ?? .null,
      "corruption": corruption?.json ?? .null,
    ]
  }

  package var json: JSON {
    var members = identity.object ?? [:]
    members["predictions"] = (predictionsFile?.path).json
    members["predictions_sha256"] = (predictionsFile?.sha256).json
    members["predictions_count"] = (predictionsFile?.count).json
    return .object(members)
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      name: reader.required("name").string(), split: reader.required("split").string(),
      dataset: reader.optional("dataset").map(OtherDataset.init),
      corruption: reader.optional("corruption").map(CorruptionUse.init))
    predictionsFile = try PredictionsReference(of: reader)
  }
}

extension ScoredSet.OtherDataset {
  var json: JSON { ["id": .string(id), "fingerprint": .string(fingerprint)] }

  init(_ reader: JSONReader) throws {
    try self.init(
      id: reader.required("id").string(), fingerprint: reader.required("fingerprint").string())
  }
}

extension CorruptionUse {
  var json: JSON {
    [
      "kind": .string(kind), "severity": .integer(severity), "generator": .string(generator),
      "seed": .integer(seed),
    ]
  }

  init(_ reader: JSONReader) throws {
    try self.init(
      kind: reader.required("kind").string(), severity: reader.required("severity").integer(),
      generator: reader.required("generator").string(), seed: reader.required("seed").integer())
  }
}

extension PredictionsReference {
  /// What an entry or a set says of its outcomes; nil when it kept none.
  /// - Throws: `InputError` when the file would lie outside the report's folder.
  init?(of reader: JSONReader) throws {
    guard let path = try reader.optional("predictions")?.string() else { return nil }
    guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
      throw reader.error("has predictions outside the report's folder: \(path)")
    }
    try self.init(
      path: path, sha256: reader.required("predictions_sha256").string(),
      count: reader.required("predictions_count").count())
  }
}
