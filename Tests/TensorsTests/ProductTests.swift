import Support
import Tensors
import TestSupport
import Testing

/// oneDNN against OpenBLAS, which shares no code with it.
@Suite struct ProductTests {
  /// A product under a name.
  struct Case: Sendable, CustomStringConvertible {
    let description: String
    let shape: ProductShape

    init(_ description: String, _ shape: ProductShape) {
      self.description = description
      self.shape = shape
    }
  }

  static let cases: [Case] =
    [(1, 1, 1), (7, 17, 65), (65, 1, 7), (64, 48, 33)].flatMap {
      rows, columns, inner -> [Case] in
      let plain = ProductShape(
        rows: rows, columns: columns, inner: inner, a: .init(row: inner, column: 1),
        b: .init(row: columns, column: 1), c: .init(row: columns, column: 1))
      var transposed = plain
      transposed.a = .init(row: 1, column: rows)
      transposed.b = .init(row: 1, column: inner)
      var biased = plain
      biased.hasBias = true
      biased.addition = .addMatrix
      var accumulated = transposed
      accumulated.addition = .accumulate
      var narrow = plain
      (narrow.aType, narrow.bType, narrow.cType) = (.bfloat16, .bfloat16, .bfloat16)
      var mixed = transposed
      (mixed.aType, mixed.bType, mixed.hasBias) = (.bfloat16, .bfloat16, true)
      let name = "\(rows)×\(inner)×\(columns)"
      return [
        Case("\(name)", plain), Case("\(name), transposed", transposed),
        Case("\(name), bias and matrix", biased), Case("\(name), accumulated", accumulated),
      ]
        + (Precision.available.contains(.bf16)
          ? [Case("\(name), bfloat16", narrow), Case("\(name), bfloat16 to float32", mixed)] : [])
    } + [
      // Heads of an attention: rows of 24 elements hold three heads of 8.
      Case(
        "2×3 heads",
        ProductShape(
          batch0: 2, batch1: 3, rows: 5, columns: 7, inner: 8,
          a: .init(batch0: 5 * 24, batch1: 8, row: 24, column: 1),
          b: .init(batch0: 7 * 24, batch1: 8, row: 1, column: 24),
          c: .init(batch0: 3 * 35, batch1: 35, row: 7, column: 1)))
    ]

  @Test(arguments: cases)
  func agreesWithOpenBLAS(test: Case) {
    let shape = test.shape
    let a = operand(shape.a, shape, shape.rows, shape.inner, shape.aType, "a")
    let b = operand(shape.b, shape, shape.inner, shape.columns, shape.bType, "b")
    let bias = floats(shape.columns, "bias")
    let matrix = floats(extent(shape.c, shape, shape.rows, shape.columns), "matrix")
    let outputs = [false, true].map { usesOpenBLAS -> [Float] in
      let c = operand(shape.c, shape, shape.rows, shape.columns, shape.cType, "c")
      Product(shape, usesOpenBLAS: usesOpenBLAS).run(
        a.raw, b.raw, c.raw, bias: shape.hasBias ? bias.data : nil,
        matrix: shape.addition == .addMatrix ? matrix.data : nil, in: Workspace())
      return c.floats
    }
    // One rounding of the destination, or the order of a sum of 65 terms.
    let tolerance: Float = shape.cType == .bfloat16 ? 1 / 128 : 2e-6
    let difference = largestRelativeDifference(
      Tensor([outputs[0].count], outputs[0]), from: Tensor([outputs[1].count], outputs[1]))
    #expect(difference <= tolerance)
  }

  /// Memory for a matrix of either type.
  private final class Operand {
    let raw: UnsafeMutableRawPointer
    private let count: Int
    private let type: ElementType

    init(_ values: [Float], _ type: ElementType) {
      (count, self.type) = (values.count, type)
      raw = .allocate(byteCount: max(64, count * type.stride), alignment: 64)
      for (i, value) in values.enumerated() {
        switch type {
        case .float32: raw.storeBytes(of: value, toByteOffset: 4 * i, as: Float.self)
        case .bfloat16:
          raw.storeBytes(
            of: UInt16(value.bitPattern >> 16), toByteOffset: 2 * i, as: UInt16.self)
        }
      }
    }

    deinit { raw.deallocate() }

    var floats: [Float] {
      (0..<count).map { i in
        switch type {
        case .float32: raw.load(fromByteOffset: 4 * i, as: Float.self)
        case .bfloat16:
          Float(bitPattern: UInt32(raw.load(fromByteOffset: 2 * i, as: UInt16.self)) << 16)
        }
      }
    }
  }

  private func extent(_ layout: MatrixLayout, _ shape: ProductShape, _ rows: Int, _ columns: Int)
    -> Int
  {
    (shape.batch0 - 1) * layout.batch0 + (shape.batch1 - 1) * layout.batch1
      + (rows - 1) * layout.row + (columns - 1) * layout.column + 1
  }

  private func operand(
    _ layout: MatrixLayout, _ shape: ProductShape, _ rows: Int, _ columns: Int,
    _ type: ElementType, _ name: String
  ) -> Operand {
    Operand(floats(extent(layout, shape, rows, columns), name).array, type)
  }

  private func floats(_ count: Int, _ name: String) -> Tensor {
    var random = RandomStream(seed: 4, purpose: name)
    return Tensor([count], (0..<count).map { _ in random.uniform(-1, 1) })
  }
}
