import CKernels
import COneDNN
import COpenBLAS

/// What happens to the values that a product's destination, or a second matrix, holds.
package enum ProductAddition: Int32, Sendable {
  case overwrite = 0
  case accumulate = 1
  case addMatrix = 2
}

/// A matrix, or a grid of matrices, inside memory: strides in elements.
package struct MatrixLayout: Hashable {
  package var batch0 = 0
  package var batch1 = 0
  package var row: Int
  package var column: Int

  /// A layout; a batch stride of 0 belongs to an extent of 1.
  package init(batch0: Int = 0, batch1: Int = 0, row: Int, column: Int) {
    self.batch0 = batch0
    self.batch1 = batch1
    self.row = row
    self.column = column
  }
}

/// `c[b0, b1] = a[b0, b1] · b[b0, b1] (+ bias) (+ c or d)`, extents and layouts.
package struct ProductShape: Hashable {
  package var batch0 = 1
  package var batch1 = 1
  package var rows: Int
  package var columns: Int
  package var inner: Int
  package var a: MatrixLayout
  package var b: MatrixLayout
  package var c: MatrixLayout
  package var aType = ElementType.float32
  package var bType = ElementType.float32
  package var cType = ElementType.float32
  package var hasBias = false
  package var addition = ProductAddition.overwrite

  /// The shape of a product; all operands float32 unless said otherwise.
  package init(
    batch0: Int = 1, batch1: Int = 1, rows: Int, columns: Int, inner: Int, a: MatrixLayout,
    b: MatrixLayout, c: MatrixLayout, aType: ElementType = .float32, bType: ElementType = .float32,
    cType: ElementType = .float32, hasBias: Bool = false, addition: ProductAddition = .overwrite
  ) {
    (self.batch0, self.batch1) = (batch0, batch1)
    (self.rows, self.columns, self.inner) = (rows, columns, inner)
    (self.a, self.b, self.c) = (a, b, c)
    (self.aType, self.bType, self.cType) = (aType, bType, cType)
    (self.hasBias, self.addition) = (hasBias, addition)
  }

  fileprivate var shim: od_product_shape {
    func strides(_ l: MatrixLayout) -> (Int64, Int64, Int64, Int64) {
      // oneDNN wants non-zero strides even where an extent is 1.
      (Int64(max(l.batch0, 1)), Int64(max(l.batch1, 1)), Int64(l.row), Int64(l.column))
    }
    return od_product_shape(
      batch0: Int64(batch0), batch1: Int64(batch1), rows: Int64(rows), columns: Int64(columns),
      inner: Int64(inner), a_strides: strides(a), b_strides: strides(b), c_strides: strides(c),
      a_type: aType.rawValue, b_type: bType.rawValue, c_type: cType.rawValue,
      has_bias: hasBias ? 1 : 0, addition: addition.rawValue)
  }
}

/// One matrix product, prepared for its shape; single-threaded.
package final class Product {
  private let shape: ProductShape
  private let handle: OpaquePointer?
  private let scratchBytes: Int

  /// `UNMASK_GEMM=openblas` selects the second implementation, which tests hold against the first.
  package static let usesOpenBLAS = ProductBackend.chosen == .openBLAS

  /// The implementation in use, by name; the two differ in the last bits.
  package static let backend = ProductBackend.chosen.rawValue

  package init(_ shape: ProductShape, usesOpenBLAS: Bool = Product.usesOpenBLAS) {
    self.shape = shape
    if usesOpenBLAS {
      handle = nil
      scratchBytes = 0
      return
    }
    var description = shape.shim
    handle = od_product_create(&description)
    precondition(handle != nil, "oneDNN has no product for \(shape)")
    scratchBytes = handle.map { od_product_scratch($0) } ?? 0
  }

  /// Whether products of a type can be computed here.
  static func exists(for type: ElementType) -> Bool {
    if usesOpenBLAS { return true }
    var description = ProductShape(
      rows: 16, columns: 16, inner: 16, a: .init(row: 16, column: 1), b: .init(row: 16, column: 1),
      c: .init(row: 16, column: 1), aType: type, bType: type
    ).shim
    guard let handle = od_product_create(&description) else { return false }
    od_product_destroy(handle)
    return true
  }

  deinit { od_product_destroy(handle) }

  package func run(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer,
    bias: UnsafePointer<Float>?, matrix: UnsafePointer<Float>?, in workspace: Workspace
  ) {
    guard let handle else {
      return runOpenBLAS(a, b, c, bias: bias, matrix: matrix)
    }
    let scratch = workspace.scratch(bytes: scratchBytes)
    let status = od_product_run(handle, a, b, c, bias, matrix, scratch)
    precondition(status == 0, "oneDNN failed with status \(status) on \(shape)")
  }

  /// The same through OpenBLAS on packed copies: slow, independent, any layout.
  private func runOpenBLAS(
    _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer,
    bias: UnsafePointer<Float>?, matrix: UnsafePointer<Float>?
  ) {
    let s = shape
    let (m, n, k) = (s.rows, s.columns, s.inner)
    var left = [Float](repeating: 0, count: m * k)
    var right = [Float](repeating: 0, count: k * n)
    var out = [Float](repeating: 0, count: m * n)
    for b0 in 0..<s.batch0 {
      for b1 in 0..<s.batch1 {
        let at = { (l: MatrixLayout) in b0 * l.batch0 + b1 * l.batch1 }
        pack(a, at(s.a), s.a, s.aType, m, k, into: &left)
        pack(b, at(s.b), s.b, s.bType, k, n, into: &right)
        ob_sgemm(
          0, 0, Int32(m), Int32(n), Int32(k), 1, left, Int32(k), right, Int32(n), 0, &out, Int32(n))
        for i in 0..<m {
          for j in 0..<n {
            let place = at(s.c) + i * s.c.row + j * s.c.column
            var value = out[i * n + j] + (bias?[j] ?? 0)
            if s.addition == .addMatrix { value += matrix?[place] ?? 0 }
            if s.addition == .accumulate { value += element(c, place, s.cType) }
            setElement(c, place, s.cType, value)
          }
        }
      }
    }
  }

  private func pack(
    _ source: UnsafeRawPointer, _ start: Int, _ layout: MatrixLayout, _ type: ElementType,
    _ rows: Int, _ columns: Int, into packed: inout [Float]
  ) {
    for i in 0..<rows {
      for j in 0..<columns {
        packed[i * columns + j] = element(source, start + i * layout.row + j * layout.column, type)
      }
    }
  }
}

/// Element `index` of an array, as a float.
func element(_ array: UnsafeRawPointer, _ index: Int, _ type: ElementType) -> Float {
  switch type {
  case .float32: array.load(fromByteOffset: index * 4, as: Float.self)
  case .bfloat16:
    Float(bitPattern: UInt32(array.load(fromByteOffset: index * 2, as: UInt16.self)) << 16)
  }
}

/// Stores `value`, rounded to the array's type.
func setElement(
  _ array: UnsafeMutableRawPointer, _ index: Int, _ type: ElementType, _ value: Float
) {
  var value = value
  uk_convert(&value, uk_float32, array + index * type.stride, type.kernel, 1)
}
