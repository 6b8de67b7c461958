import Results
import Support

/// How much a metric moves when nothing but the seed of the baseline's recipe changes.
///
/// Two checkpoints may differ with certainty on the same images and still be two draws of one recipe.
/// A retrained candidate is a regression only if it also lies below where one more run of the recipe
/// would fall: mean − t(k − 1) · s · √(1 + 1/k) over k seeds, the baseline's among them.
struct SeedSpread {
  private let entries: [ReportEntry]
  private let run: GateRun

  /// The spread over the reports that the configuration names; nil if it names none.
  ///
  /// - Throws: `InputError` if there is no report at that place.
  init?(_ run: GateRun) throws {
    guard let path = run.configuration.seeds else { return nil }
    entries = try run.reports(at: path)
      .filter { $0.report.checkpoint.sha256 != run.input.baseline.report.checkpoint.sha256 }
    guard !entries.isEmpty else {
      throw InputError(
        path, "holds no report of another seed of the baseline's recipe",
        "evaluate at least two other seeds, or leave seeds: out")
    }
    self.run = run
  }

  /// A regression that the seeds explain becomes inconclusive; anything else stays.
  ///
  /// - Throws: `InputError` if a seed's report has no comparable result.
  func weighed(_ check: GateCheck, _ item: GateInput.Item) throws -> GateCheck {
    guard check.verdict == .regression, let evidence = check.evidence else { return check }
    let sign = evidence.baseline.higherIsBetter ? 1.0 : -1.0
    let values = try [evidence.baseline.value] + entries.map { try value($0, item) }
    let bound = SeedBound(values, alpha: run.configuration.alpha)
    let loss = -sign * (evidence.candidate.value - bound.mean)
    let unit = DisplayUnit(evidence.baseline.unit)
    let spread =
      "\(values.count) seeds of the baseline's recipe spread by "
      + Numbers.fixed(bound.standardDeviation * unit.factor, 1)
      + ", so that one more may fall \(Numbers.fixed(bound.reach * unit.factor, 1)) below their mean"
    return GateCheck(
      check.kind, check.name, loss > bound.reach ? .regression : .inconclusive,
      check.reason + "; " + spread
        + (loss > bound.reach ? ", and this is lower" : ", as this does: more seeds would decide"),
      evidence: check.evidence, seconds: check.seconds)
  }

  private func value(_ entry: ReportEntry, _ item: GateInput.Item) throws -> Double {
    let task = entry.report.tasks.first {
      $0.status == .ok && $0.comparabilityKey == item.candidate.comparabilityKey
    }
    guard let metric = task?.metrics[item.metricName] else {
      throw InputError(
        entry.path, "has no result comparable with \(item.name)", "evaluate the seed the same way")
    }
    return metric.value
  }
}

/// Where one more run of a recipe may fall, from a metric's values over the runs there are.
struct SeedBound {
  let mean: Double
  let standardDeviation: Double
  /// How far below the mean one more run falls with a chance of α: t(k − 1) · s · √(1 + 1/k).
  let reach: Double

  /// The bound over at least two values; `alpha` is one-sided.
  init(_ values: [Double], alpha: Double) {
    let summary = SeedSummary(values)
    let count = Double(values.count)
    let critical = studentCriticalValue(1 - 2 * alpha, degreesOfFreedom: values.count - 1)
    mean = summary.mean
    standardDeviation = summary.standardDeviation ?? 0
    reach = critical * standardDeviation * (1 + 1 / count).squareRoot()
  }
}
