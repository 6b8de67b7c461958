import CKernels

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

  /// The type of the operands of matrix products.
  package var computeType: ElementType { self == .fp32 ? .float32 : .bfloat16 }
}
