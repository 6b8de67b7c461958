/// Bounds in words: "from 0 to 1", "at least 1".
func describeBounds<Bounds: RangeExpression>(_ bounds: Bounds) -> String
where Bounds.Bound: FieldScalar {
  switch bounds {
  case let range as ClosedRange<Bounds.Bound>:
    if isAboveZero(range.lowerBound) { return "above 0, at most \(word(range.upperBound))" }
    return "from \(word(range.lowerBound)) to \(word(range.upperBound))"
  case let range as Range<Bounds.Bound>:
    return "at least \(word(range.lowerBound)) and below \(word(range.upperBound))"
  case let range as PartialRangeFrom<Bounds.Bound>:
    return isAboveZero(range.lowerBound) ? "above 0" : "at least \(word(range.lowerBound))"
  case let range as PartialRangeThrough<Bounds.Bound>: return "at most \(word(range.upperBound))"
  case let range as PartialRangeUpTo<Bounds.Bound>: return "below \(word(range.upperBound))"
  default: return "\(bounds)"
  }
}

/// A value that is surely inside `bounds`, for the recording reader.
func placeholder<Bounds: RangeExpression>(in bounds: Bounds) -> Bounds.Bound
where Bounds.Bound: FieldScalar {
  switch bounds {
  case let range as ClosedRange<Bounds.Bound>: range.lowerBound
  case let range as Range<Bounds.Bound>: range.lowerBound
  case let range as PartialRangeFrom<Bounds.Bound>: range.lowerBound
  case let range as PartialRangeThrough<Bounds.Bound>: range.upperBound
  default: Bounds.Bound.fieldPlaceholder
  }
}

/// `leastNonzeroMagnitude...` is how "above 0" is written.
private func isAboveZero(_ bound: some Any) -> Bool { bound as? Double == .leastNonzeroMagnitude }

/// Numbers without a needless `.0`.
private func word(_ bound: some FieldScalar) -> String {
  if let number = bound as? Double, let whole = Int(exactly: number) { return String(whole) }
  return bound.fieldJSON.text()
}
