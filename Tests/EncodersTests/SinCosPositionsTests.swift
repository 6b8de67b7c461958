import Encoders
import Tensors
import TestSupport
import Testing

@Suite struct SinCosPositionsTests {
  @Test(arguments: ["sheet", "square", "wide"])
  func agreesWithThePublishedTable(caseName: String) throws {
    let golden = try Golden("position_table")
    let expected = golden.tensor("positions", in: caseName).array
    let table = sinCosPositions(
      width: golden.integer("width", in: caseName), rows: golden.integer("rows", in: caseName),
      columns: golden.integer("columns", in: caseName),
      prefix: golden.flag("class_token", in: caseName) ? 1 : 0)
    #expect(table.count == expected.count)
    for (ours, theirs) in zip(table, expected) { #expect(abs(ours - theirs) < 1e-6) }
  }
}
