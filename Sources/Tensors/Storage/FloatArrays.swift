import CKernels

/// Whether all numbers are finite, and so small that their squares are.
package func isFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
  uk_sum_squares(values, count).isFinite
}

/// Whether all numbers are finite.
package func areFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
  uk_all_finite(values, count) == 1
}

/// Rounds numbers to 16-bit floats.
package func convertToHalf(
  _ values: UnsafePointer<Float>, into halves: UnsafeMutablePointer<UInt16>, count: Int
) {
  uk_to_half(values, halves, count)
}

/// Widens 16-bit floats.
package func convertFromHalf(
  _ halves: UnsafePointer<UInt16>, into values: UnsafeMutablePointer<Float>, count: Int
) {
  uk_from_half(halves, values, count)
}
