import Results

/// One line of the gate's result.
package struct GateCheck: Equatable, Sendable {
  /// What kind of check it is.
  package enum Kind: String, Sendable {
    /// Looked at before any statistics.
    case hard
    /// The paired non-inferiority test of a metric.
    case metric
    /// The drift memory of a metric.
    case drift
  }

  /// What kind of check it is.
  package let kind: Kind
  /// What was checked, for example `linear_probe.top1`.
  package let name: String
  /// What came out.
  package let verdict: GateVerdict
  /// Why, in one line.
  package let reason: String
  /// The numbers of a metric's test.
  package var evidence: GateEvidence?
  /// How long the candidate's task took; zero for a check of the report as a whole.
  package var seconds = 0.0

  /// A check with its outcome.
  package init(
    _ kind: Kind, _ name: String, _ verdict: GateVerdict, _ reason: String,
    evidence: GateEvidence? = nil, seconds: Double = 0
  ) {
    self.kind = kind
    self.name = name
    self.verdict = verdict
    self.reason = reason
    self.evidence = evidence
    self.seconds = seconds
  }
}

/// The numbers behind a metric's verdict.
package struct GateEvidence: Equatable, Sendable {
  /// The baseline's metric.
  package let baseline: Metric
  /// The candidate's.
  package let candidate: Metric
  /// Their difference on the same examples.
  package let difference: PairedDifference
  /// The margin in the metric's unit.
  package let margin: Double
  /// One-sided p of a loss, corrected over the gated metrics.
  package let adjustedP: Double
}
