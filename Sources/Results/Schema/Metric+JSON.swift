import Support

extension Metric {
  /// The metric as in a report.
  package var json: JSON {
    var members: [String: JSON] = [
      "value": .number(value),
      "stderr": .number(standardError),
      "ci95": interval.json,
      "n": .integer(count),
      "higher_is_better": .bool(higherIsBetter),
      "unit": .string(unit),
    ]
    if let outcome {
      members["outcome"] = [
        "statistic": .string(outcome.statistic.rawValue),
        "columns": .array(outcome.columns.map { .string($0) }),
      ]
    }
    return .object(members)
  }

  package init(_ reader: JSONReader) throws {
    try self.init(
      value: reader.required("value").number(),
      standardError: reader.required("stderr").number(),
      interval: Interval(reader.required("ci95")),
      count: reader.required("n").count(),
      higherIsBetter: reader.required("higher_is_better").bool(),
      unit: reader.required("unit").string(),
      outcome: reader.optional("outcome").map(MetricOutcome.init))
    guard standardError >= 0 else { throw reader.error("has a negative stderr") }
  }
}

extension MetricOutcome {
  package init(_ reader: JSONReader) throws {
    let statistic = try reader.required("statistic").choice(Statistic.self)
    let columns = try reader.required("columns").array().map { try $0.string() }
    guard columns.count == statistic.columns else {
      throw reader.error(
        "names \(columns.count) columns; \(statistic.rawValue) needs \(statistic.columns)")
    }
    self.init(statistic: statistic, columns: columns)
  }
}

extension Interval {
  /// `[low, high]`.
  package var json: JSON { .array([.number(low), .number(high)]) }

  package init(_ reader: JSONReader) throws {
    let ends = try reader.array().map { try $0.number() }
    guard ends.count == 2, ends[0] <= ends[1] else {
      throw reader.error("must be a pair [low, high]")
    }
    self.init(ends[0], ends[1])
  }
}

extension ClassResult {
  package var json: JSON {
    guard let metric else { return ["name": .string(name), "n": 0, "value": .null, "ci95": .null] }
    return [
      "name": .string(name), "n": .integer(metric.count), "value": .number(metric.value),
      "stderr": .number(metric.standardError), "ci95": metric.interval.json,
    ]
  }

  /// Reads one class; direction and unit are those of the headline metric.
  init(_ reader: JSONReader, like headline: Metric?) throws {
    let name = try reader.required("name").string()
    let count = try reader.required("n").count()
    guard let value = try reader.optional("value")?.number(),
      let error = try reader.optional("stderr")?.number(),
      let interval = try reader.optional("ci95").map(Interval.init)
    else {
      self.init(name: name, metric: nil)
      return
    }
    self.init(
      name: name,
      metric: Metric(
        value: value, standardError: error, interval: interval, count: count,
        higherIsBetter: headline?.higherIsBetter ?? true,
        unit: headline?.unit ?? "fraction"))
  }
}
