import CKernels

/// Whether all numbers are finite, and so small that their squares are.
package func isFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
  uk_sum_squares(values, count).isFinite
}
