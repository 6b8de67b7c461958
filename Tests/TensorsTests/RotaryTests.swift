import Foundation
import Support
import Tensors
import TestSupport
import Testing

extension OperatorCase {
  /// Rotations read the compute type; converting there and back belongs to the case.
  static let rotary: [OperatorCase] =
    [(2, 1, 3, 1, 4), (1, 5, 1, 3, 2), (2, 17, 0, 2, 6), (1, 6, 6, 1, 34), (2, 0, 3, 2, 4)].map {
      batch, patches, prefix, heads, headWidth in
      OperatorCase(
        "rotated \(batch)×(\(prefix) + \(patches))×\(heads)×\(headWidth)",
        inputs: [[batch, prefix + patches, 3 * heads * headWidth]]
      ) { graph, x, _ in
        let rotation = Rotation(table: angles(max(patches, 1), headWidth), prefix: prefix)
        return graph.rotated(
          graph.converted(x[0], to: graph.precision.computeType), heads: heads, by: rotation)
      }
    } + [
      OperatorCase("rotated in another order", inputs: [[2, 4, 24]]) { graph, x, _ in
        let rotation = Rotation(table: angles(7, 4), prefix: 1, order: [6, 0, 3, 2, 2, 5])
        return graph.rotated(
          graph.converted(x[0], to: graph.precision.computeType), heads: 2, by: rotation)
      }
    ]

  /// Cosines and sines of angles all over the circle, `[places, headWidth]`.
  private static func angles(_ places: Int, _ headWidth: Int) -> Tensor {
    let table = Tensor([places, headWidth])
    for place in 0..<places {
      for index in 0..<headWidth / 2 {
        let angle = Float(3 * place + 2 * index + 1)
        table.data[place * headWidth + index] = cos(angle)
        table.data[place * headWidth + headWidth / 2 + index] = sin(angle)
      }
    }
    return table
  }
}

@Suite struct RotaryTests {
  /// Quarter and half turns of two patches behind a class token, worked out by hand.
  @Test(arguments: [nil, [1, 0]] as [[Int32]?])
  func turnsQueriesAndKeysOfPatches(order: [Int32]?) {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let row: [Float] = [1, 2, 3, 4, 5, 6]
    let qkv = graph.variable([1, 3, 6], row + row + row)
    let table = Tensor([2, 2], [0, 1, -1, 0])
    let out = graph.rotated(
      qkv, heads: 1, by: Rotation(table: table, prefix: 1, order: order))
    let quarter: [Float] = [-2, 1, -4, 3, 5, 6]
    let half: [Float] = [-1, -2, -3, -4, 5, 6]
    #expect(out.array == row + (order == nil ? quarter + half : half + quarter))
  }

  /// A head as wide as DINOv3's agrees with complex numbers: `(x + iy) e^(i angle)`.
  @Test func isAProductOfComplexNumbers() {
    let (heads, headWidth, tokens) = (2, 64, 3)
    var random = RandomStream(seed: 4, purpose: "rotary")
    let values = (0..<tokens * 3 * heads * headWidth).map { _ in random.normal() }
    let angles = (0..<tokens * headWidth / 2).map { _ in Double(random.uniform(-7, 7)) }
    let table = Tensor([tokens, headWidth])
    for (index, angle) in angles.enumerated() {
      let place = index / 32 * headWidth + index % 32
      table.data[place] = Float(cos(angle))
      table.data[place + 32] = Float(sin(angle))
    }
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let qkv = graph.variable([1, tokens, 3 * heads * headWidth], values)
    let out = graph.rotated(qkv, heads: heads, by: Rotation(table: table, prefix: 0)).array
    for token in 0..<tokens {
      for part in 0..<3 * heads {
        let start = (token * 3 * heads + part) * headWidth
        for index in 0..<32 {
          let (x, y) = (Double(values[start + index]), Double(values[start + 32 + index]))
          let angle = part < 2 * heads ? angles[token * 32 + index] : 0
          #expect(abs(Double(out[start + index]) - (x * cos(angle) - y * sin(angle))) < 1e-6)
          #expect(abs(Double(out[start + 32 + index]) - (y * cos(angle) + x * sin(angle))) < 1e-6)
        }
      }
    }
  }
}
