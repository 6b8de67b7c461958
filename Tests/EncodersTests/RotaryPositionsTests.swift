import Encoders
import Foundation
import Support
import Tensors
import Testing

/// DINOv3's rotary positions against values worked out by hand.
@Suite struct RotaryPositionsTests {
  @Test func periodsGrowGeometrically() {
    let positions = RotaryPositions(base: 10_000, headWidth: 16)
    #expect(positions.periods == [1, 10, 100, 1000])
    #expect(positions.headWidth == 16)
  }

  /// Centres of 2 × 2 patches lie at ±1/2: a half turn at period 1, an eighth of a turn at period 4.
  @Test func anglesFollowRowThenColumn() {
    let table = RotaryPositions(periods: [1, 4]).table(rows: 2, columns: 2)
    #expect(table.shape == [4, 8])
    let eighth = Float(0.5).squareRoot()
    for (patch, signs) in [(-1, -1), (-1, 1), (1, -1), (1, 1)].enumerated() {
      let (row, column) = (Float(signs.0), Float(signs.1))
      let expected = [-1, eighth, -1, eighth, 0, row * eighth, 0, column * eighth]
      for (index, value) in expected.enumerated() {
        #expect(abs(table.array[patch * 8 + index] - value) < 1e-6)
      }
    }
  }

  /// The centre of an odd grid is not turned, whatever the periods.
  @Test func theCentreStays() {
    let table = RotaryPositions(base: 100, headWidth: 64).table(rows: 3, columns: 3)
    #expect(Array(table.array[4 * 64..<5 * 64]) == (0..<64).map { $0 < 32 ? 1 : 0 })
  }

  @Test(arguments: [[1, 10, 100], [1, 0], [1, .infinity]] as [[Float]])
  func refusesPeriodsThatDoNotFit(periods: [Float]) {
    var configuration = VisionTransformerConfiguration(
      width: 24, depth: 1, heads: 3, patch: 4, side: 16)
    configuration.rotary = RotaryPositions(periods: periods)
    let error = #expect(throws: InputError.self) { try configuration.validate(as: "vit") }
    #expect(error?.problem.contains("rotary periods do not fit heads of width 8") == true)
  }
}
