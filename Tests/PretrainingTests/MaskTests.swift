import Pretraining
import Support
import Tensors
import Testing

/// What every mask promises, checked for each that is registered.
@Suite struct MaskTests {
  static let kinds = allMasks.map { $0.kind }

  private func mask(_ kind: String, _ settings: String = "") throws -> any MaskGenerator {
    try makeMask(Fields(yaml: "{kind: \(kind)\(settings)}", file: "test"))
  }

  @Test(arguments: MaskTests.kinds, [(8, 8), (14, 14), (6, 4)])
  func countsAreExactAndPlansAreWhole(kind: String, grid: (Int, Int)) throws {
    let mask = try mask(kind)
    let (rows, columns) = grid
    let expected = try mask.visibleCount(rows: rows, columns: columns)
    for draw in 0..<200 {
      var random = RandomStream(seed: 7, purpose: "mask", draw)
      let plan = mask.plan(rows: rows, columns: columns, random: &random)
      #expect(plan.visible.count == expected)
      let together: [Int32] = (plan.visible + plan.hidden).sorted()
      let all = [Int32](0..<Int32(rows * columns))
      #expect(together == all)
      let ascending: [Int32] = plan.hidden.sorted()
      #expect(plan.hidden == ascending)
    }
  }

  @Test(arguments: MaskTests.kinds)
  func theSameStreamGivesTheSamePlan(kind: String) throws {
    let mask = try mask(kind)
    var first = RandomStream(seed: 1, purpose: "mask", 5)
    var second = RandomStream(seed: 1, purpose: "mask", 5)
    #expect(
      mask.plan(rows: 8, columns: 8, random: &first)
        == mask.plan(rows: 8, columns: 8, random: &second))
  }

  @Test(arguments: [(100, 0.9, 10), (196, 0.75, 49), (64, 0.75, 16), (10, 0.3, 7)])
  func ratiosAreNotSpoiledByRounding(count: Int, ratio: Double, visible: Int) throws {
    let mask = try mask("random", ", ratio: \(ratio)")
    #expect(try mask.visibleCount(rows: 1, columns: count) == visible)
  }

  @Test func randomMaskHidesEveryPatchEquallyOften() throws {
    let mask = try mask("random")
    var counts = [Int](repeating: 0, count: 64)
    let draws = 4000
    for draw in 0..<draws {
      var random = RandomStream(seed: 3, purpose: "mask", draw)
      for index in mask.plan(rows: 8, columns: 8, random: &random).hidden {
        counts[Int(index)] += 1
      }
    }
    // Binomial(4000, 0.75): five standard deviations are 137.
    let furthest = counts.map { abs($0 - 3000) }.max() ?? 0
    #expect(furthest < 137)
  }

  @Test func blocksAreMoreConnectedThanRandomPatches() throws {
    let share = { (kind: String) throws -> Double in
      let json = try mask(kind, ", ratio: 0.5").fingerprint(rows: 8, columns: 8)
      return json["hidden_neighbour_share"]?.double ?? 0
    }
    let (random, block) = (try share("random"), try share("block"))
    #expect(abs(random - 0.49) < 0.03)
    #expect(block > random + 0.15)
  }

  @Test func gridKeepsOnePatchOfEachCell() throws {
    var random = RandomStream(seed: 0, purpose: "mask")
    let plan = try mask("grid").plan(rows: 4, columns: 4, random: &random)
    #expect(plan.visible == [0, 2, 8, 10])
  }

  @Test func misspelledKindNamesTheNearest() throws {
    #expect {
      _ = try mask("blok")
    } throws: { error in
      "\((error as? InputError)?.errorDescription ?? "")".contains("block")
    }
  }

  @Test func unknownKeyNamesTheNearest() throws {
    #expect {
      _ = try mask("random", ", ratoi: 0.5")
    } throws: { error in
      let line = (error as? InputError)?.errorDescription ?? ""
      return line.contains("ratoi") && line.contains("ratio")
    }
  }

  @Test func cellsThatDoNotTileAreRefused() throws {
    let mask = try mask("grid", ", cell: 3")
    #expect(throws: InputError.self) { try mask.visibleCount(rows: 8, columns: 8) }
  }
}
