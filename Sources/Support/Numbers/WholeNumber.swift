extension FixedWidthInteger {
  /// The whole number that `value` is, exactly.
  ///
  /// The way from every number of a file to an integer: `Int(value)` alone ends the process at
  /// infinity, NaN and whatever does not fit, and cuts fractions off.
  /// - Parameters:
  ///   - value: A number from a file.
  ///   - name: What it is, for messages: "the label of example 3".
  ///   - subject: The file or key that holds it.
  ///   - bounds: The least and the greatest value that makes sense.
  /// - Throws: `InputError` for infinity, NaN, a fraction, or a value outside `bounds`.
  package init(
    whole value: some BinaryFloatingPoint, _ name: String, of subject: String,
    in bounds: ClosedRange<Self> = Self.min...Self.max
  ) throws {
    guard let number = Self(exactly: value), bounds.contains(number) else {
      throw notWhole("\(value)", name, subject, bounds)
    }
    self = number
  }

  /// The same number in another integer type.
  /// - Parameters:
  ///   - value: A number from a file.
  ///   - name: What it is, for messages.
  ///   - subject: The file or key that holds it.
  ///   - bounds: The least and the greatest value that makes sense.
  /// - Throws: `InputError` for a value outside `bounds`.
  package init(
    whole value: some BinaryInteger, _ name: String, of subject: String,
    in bounds: ClosedRange<Self> = Self.min...Self.max
  ) throws {
    guard let number = Self(exactly: value), bounds.contains(number) else {
      throw notWhole("\(value)", name, subject, bounds)
    }
    self = number
  }
}

private func notWhole<Number: FixedWidthInteger>(
  _ value: String, _ name: String, _ subject: String, _ bounds: ClosedRange<Number>
) -> InputError {
  InputError(
    subject,
    "\(name) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound), is \(value)")
}
