import Results
import Support

/// What is looked at before any statistics: features that are no numbers, and collapse.
struct HardChecks {
  let configuration: GateConfiguration

  /// The checks of a candidate beside its baseline.
  ///
  /// - Throws: `InputError` if predictions cannot be read.
  func checks(_ input: GateInput) throws -> [GateCheck] {
    var checks = [featureCheck(input.baseline.report, input.candidate.report)]
    checks.append(try answerCheck(input))
    return checks
  }

  /// Non-finite features, effective rank and mean cosine, where tasks noted them.
  private func featureCheck(_ baseline: Report, _ candidate: Report) -> GateCheck {
    let name = "features"
    guard let health = FeatureHealth(candidate) else {
      return GateCheck(
        .hard, name, .pass, "all metrics finite; no statistics of features in the report")
    }
    if health.nonFinite > 0 {
      return GateCheck(
        .hard, name, .regression, "\(health.nonFinite) features are not finite numbers")
    }
    // A bound that the baseline breaks too says nothing about this change.
    let before = FeatureHealth(baseline)
    if let rank = health.effectiveRank, rank < configuration.leastEffectiveRank,
      before?.effectiveRank ?? 1 >= configuration.leastEffectiveRank
    {
      let share = Numbers.fixed(100 * rank, 1)
      return GateCheck(
        .hard, name, .regression, "collapse: the effective rank is \(share) % of the width")
    }
    if let cosine = health.meanCosine, cosine > configuration.largestMeanCosine,
      before?.meanCosine ?? 0 <= configuration.largestMeanCosine
    {
      let text = Numbers.fixed(cosine, 3)
      return GateCheck(.hard, name, .regression, "collapse: the mean pairwise cosine is \(text)")
    }
    return GateCheck(.hard, name, .pass, "finite and not collapsed")
  }

  /// A classifier that gives every example the same answer.
  private func answerCheck(_ input: GateInput) throws -> GateCheck {
    for item in input.items {
      guard
        let now = try distinctAnswers(input.candidate.report, item.candidate),
        let before = try distinctAnswers(input.baseline.report, item.baseline)
      else { continue }
      if now == 1 && before > 1 {
        return GateCheck(
          .hard, "answers", .regression, "\(item.candidate.task) gives every example the same class"
        )
      }
    }
    return GateCheck(.hard, "answers", .pass, "classifiers tell examples apart")
  }

  private func distinctAnswers(_ report: Report, _ task: TaskResult) throws -> Int? {
    guard let column = try report.predictions(of: task)?["prediction"],
      case .integer(let values) = column.values
    else { return nil }
    return Set(values).count
  }
}

/// Statistics of the features, as tasks note them under `details.feature_health`.
struct FeatureHealth: Equatable {
  /// How many features are NaN or infinite.
  var nonFinite = 0
  /// The least effective rank as a share of the width; nil if not noted.
  var effectiveRank: Double?
  /// The largest mean pairwise cosine; nil if not noted.
  var meanCosine: Double?

  /// The worst over the tasks of a report; nil if none noted any.
  init?(_ report: Report) {
    let notes = report.tasks.compactMap { $0.details["feature_health"] }
    guard !notes.isEmpty else { return nil }
    for note in notes {
      nonFinite += note["non_finite"]?.int ?? 0
      if let rank = note["effective_rank"]?.double, let width = note["width"]?.double, width > 0 {
        effectiveRank = min(effectiveRank ?? .infinity, rank / width)
      }
      if let cosine = note["mean_cosine"]?.double {
        meanCosine = max(meanCosine ?? -1, cosine)
      }
    }
  }
}
