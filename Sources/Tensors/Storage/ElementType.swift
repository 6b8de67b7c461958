import CKernels
import Support

/// How an array stores its elements; arithmetic is always in 32-bit floats.
package enum ElementType: Int32, Sendable {
  case float32 = 0
  case bfloat16 = 1

  /// Bytes of one element.
  package var stride: Int { self == .float32 ? 4 : 2 }

  var kernel: uk_type { uk_type(UInt32(rawValue)) }
}

/// What matrix products read: `bf16` accumulates in fp32 and keeps fp32 master weights.
package enum Precision: String, Sendable, CaseIterable {
  case fp32
  case bf16

  /// Those that this processor computes in; oneDNN's products in bf16 need AVX-512.
  package static let available = allCases.filter { Product.exists(for: $0.computeType) }

  /// Refuses a precision that this processor does not compute in.
  /// - Throws: `InputError`.
  package func check() throws {
    guard !Self.available.contains(self) else { return }
    throw InputError(
      "precision \(rawValue)",
      "this processor has no AVX-512, without which there are no products in it",
      "use fp32")
  }

  /// The type of the operands of matrix products.
  package var computeType: ElementType { self == .fp32 ? .float32 : .bfloat16 }
}
