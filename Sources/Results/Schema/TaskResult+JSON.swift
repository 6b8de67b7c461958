import Support

extension TaskResult {
  /// The entry as in a report.
  ///
  /// Predictions are referred to, not held.
  package var json: JSON {
    var members: [String: JSON] = [
      "task": .string(task),
      "version": .integer(version),
      "protocol": .string(protocolName),
      "comparability_key": comparabilityKey.json,
      "comparability": comparabilityFields.map { .object($0) } ?? .null,
      "dataset": dataset?.json ?? .null,
      "config": config,
      "scoring_resolution": .string(scoringResolution ?? "native"),
      "generator_versions": .object(generatorVersions.mapValues { .integer($0) }),
      "status": .string(status.rawValue),
      "error": error.json,
      "limited": .bool(limit != nil),
      "limit": limit.json,
      "oracle_selected": .bool(isOracleSelected),
      "timing": timing?.json ?? .null,
    ]
    // Absent rather than null, so that a report of one run has the bytes that it always had.
    members["run"] = run?.json
    if !sets.isEmpty { members["sets"] = .array(sets.map(\.json)) }
    members.merge(measured) { first, _ in first }
    return .object(members)
  }

  /// What was chosen and measured.
  private var measured: [String: JSON] {
    [
      "hyperparameters": hyperparameters?.json ?? .null,
      "features": features?.json ?? .null,
      "head_parameters": headParameters.json,
      "seed": seed.json,
      "metrics": .object(metrics.mapValues(\.json)),
      "headline": headlineName.json,
      "per_class": .array(perClass.map(\.json)),
      "seeds": .array(seeds.map(\.json)),
      "predictions": (predictionsFile?.path).json,
      "predictions_sha256": (predictionsFile?.sha256).json,
      "predictions_count": (predictionsFile?.count).json,
      "figures": .array(figures.map { .string($0) }),
      "details": details,
    ]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      task: reader.required("task").string(), version: reader.required("version").integer(),
      protocolName: reader.required("protocol").string(),
      dataset: reader.optional("dataset").map(DatasetSummary.init),
      config: reader.required("config").json)
    scoringResolution = try reader.optional("scoring_resolution").map { try $0.string() }
    if scoringResolution == "native" { scoringResolution = nil }
    generatorVersions =
      try reader.optional("generator_versions")?.mapping { try $0.integer() } ?? [:]
    status = try reader.required("status").choice(Status.self)
    error = try reader.optional("error")?.string()
    isOracleSelected = try reader.required("oracle_selected").bool()
    timing = try reader.optional("timing").map(Timing.init)
    run = try reader.optional("run").map(TaskRun.init)
    try readLimit(reader)
    try readMeasured(reader)
    predictionsFile = try PredictionsReference(of: reader)
    try readSets(reader)
    try readComparability(reader)
  }

  private mutating func readLimit(_ reader: JSONReader) throws {
    limit = try reader.optional("limit")?.count()
    guard try reader.required("limited").bool() == (limit != nil) else {
      throw reader.error("contradicts itself: limited and limit")
    }
  }

  private mutating func readMeasured(_ reader: JSONReader) throws {
    hyperparameters = try reader.optional("hyperparameters").map(Hyperparameters.init)
    features = try reader.optional("features").map(FeatureUse.init)
    headParameters = try reader.optional("head_parameters")?.count()
    seed = try reader.optional("seed")?.integer()
    metrics = try reader.required("metrics").mapping(Metric.init)
    headline = try reader.optional("headline")?.string()
    if let headline, metrics[headline] == nil {
      throw reader.error("has headline \(headline), which is not among its metrics")
    }
    if status == .ok, metrics.isEmpty { throw reader.error("is ok but has no metric") }
    let main = headlineName.flatMap { metrics[$0] }
    perClass = try reader.required("per_class").array().map { try ClassResult($0, like: main) }
    seeds = try reader.required("seeds").array().map(SeedResult.init)
    figures = try reader.optional("figures")?.array().map { try $0.string() } ?? []
    details = try reader.optional("details")?.json ?? .object([:])
  }

  private mutating func readSets(_ reader: JSONReader) throws {
    sets = try reader.optional("sets")?.array().map(ScoredSet.init) ?? []
    if Set(sets.map(\.name)).count < sets.count {
      throw reader.error("names one of its sets twice")
    }
  }

  private mutating func readComparability(_ reader: JSONReader) throws {
    let key = try reader.optional("comparability_key")?.string()
    let own = comparabilityFields
    recordedComparability = try reader.optional("comparability")?.json.object
    guard comparabilityKey == key else {
      throw reader.error("has a comparability_key that is not the hash of its comparability")
    }
    for (field, value) in (recordedComparability ?? [:]).sorted(by: { $0.key < $1.key })
    where own == nil || own?[field].map({ $0 != value }) == true {
      throw reader.error(
        "contradicts itself: its \(field) is not the one that its comparability names",
        "evaluate the checkpoint again")
    }
  }
}

extension DatasetSummary {
  package var json: JSON {
    var members: [String: JSON] = [
      "id": .string(id), "fingerprint": .string(fingerprint), "classes": .integer(classes),
      "splits": .object(splits.mapValues { .integer($0) }), "split_hash": splitHash.json,
    ]
    if let classOrder { members["class_order"] = .string(classOrder) }
    if !leftOut.isEmpty { members["left_out"] = .object(leftOut.mapValues { .integer($0) }) }
    if !unreadable.isEmpty {
      members["unreadable"] = .array(unreadable.map { .string($0) })
    }
    if !truncated.isEmpty { members["truncated"] = .array(truncated.map { .string($0) }) }
    if let location { members["location"] = .string(location) }
    return .object(members)
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      id: reader.required("id").string(), fingerprint: reader.required("fingerprint").string(),
      splits: reader.required("splits").mapping { try $0.count() },
      classes: reader.required("classes").count(),
      splitHash: reader.optional("split_hash")?.string())
    classOrder = try reader.optional("class_order")?.string()
    leftOut = try reader.optional("left_out")?.mapping { try $0.count() } ?? [:]
    unreadable = try reader.optional("unreadable")?.array().map { try $0.string() } ?? []
    truncated = try reader.optional("truncated")?.array().map { try $0.string() } ?? []
    location = try reader.optional("location")?.string()
  }
}

extension Hyperparameters {
  package var json: JSON {
    [
      "searched": searched, "chosen": chosen, "chosen_on": .string(chosenOn),
      "on_grid_edge": .bool(isOnGridEdge),
    ]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      searched: reader.required("searched").json, chosen: reader.required("chosen").json,
      chosenOn: reader.required("chosen_on").string(),
      isOnGridEdge: reader.required("on_grid_edge").bool())
  }
}

extension FeatureUse {
  package var json: JSON { ["requested": .string(requested), "resolved": .string(resolved)] }

  package init(_ reader: JSONReader) throws {
    try self.init(
      requested: reader.required("requested").string(),
      resolved: reader.required("resolved").string())
  }
}

extension SeedResult {
  package var json: JSON {
    ["seed": .integer(seed), "metrics": .object(metrics.mapValues { .number($0) })]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      seed: reader.required("seed").integer(),
      metrics: reader.required("metrics").mapping { try $0.number() })
  }
}

extension TaskRun {
  package var json: JSON {
    [
      "command": .string(command), "version": .string(version), "commit": commit.json,
      "precision": .string(precision),
    ]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      command: reader.required("command").string(), version: reader.required("version").string(),
      commit: reader.optional("commit")?.string(),
      precision: reader.required("precision").string())
  }
}

extension Timing {
  package var json: JSON {
    ["seconds": .number(seconds), "images_per_second": .number(imagesPerSecond)]
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      seconds: reader.required("seconds").number(),
      imagesPerSecond: reader.required("images_per_second").number())
  }
}
