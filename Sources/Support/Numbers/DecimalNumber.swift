/// A number as it is written in decimal digits: `±digits × 10^exponent`.
struct DecimalNumber {
  /// The digits without the point, as a whole number.
  var digits: UInt64 = 0
  /// The power of ten that they are multiplied with.
  var exponent = 0
  /// Whether a minus sign stands before it.
  var isNegative = false

  private static let powers: [UInt64] = (0..<20).map { power in
    (0..<power).reduce(UInt64(1)) { product, _ in product * 10 }
  }

  /// The nearest double, ties to even, as the C library's `strtod`; nil beyond 19 decimal places on either side.
  ///
  /// The quotient or product is taken in 128 bits; what it leaves over is kept in the lowest bit, which is
  /// far below the last one of a double.
  var nearestDouble: Double? {
    guard digits != 0 else { return isNegative ? -0.0 : 0 }
    guard abs(exponent) < Self.powers.count else { return nil }
    let size = exponent < 0 ? quotient(Self.powers[-exponent]) : product(Self.powers[exponent])
    return isNegative ? -size : size
  }

  private func quotient(_ power: UInt64) -> Double {
    let shift = digits.leadingZeroBitCount
    let raise = power.leadingZeroBitCount
    let whole = digits << UInt64(shift)
    let (quotient, rest) = (power << UInt64(raise)).dividingFullWidth((whole >> 1, whole << 63))
    return scaled(quotient | (rest == 0 ? 0 : 1), by: raise - shift - 63)
  }

  private func product(_ power: UInt64) -> Double {
    let (high, low) = digits.multipliedFullWidth(by: power)
    guard high != 0 else { return Double(low) }
    let shift = UInt64(high.leadingZeroBitCount)
    let top = shift == 0 ? high : high << shift | low >> (64 - shift)
    return scaled(top | (low << shift == 0 ? 0 : 1), by: 64 - Int(shift))
  }

  private func scaled(_ value: UInt64, by power: Int) -> Double {
    Double(value) * Double(bitPattern: UInt64(1023 + power) << 52)
  }
}
