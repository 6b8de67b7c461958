import Foundation
import Pretraining
import Support
import Tensors
import Testing

/// What every mask promises, checked for each that is registered.
@Suite struct MaskTests {
  static let kinds = allMasks.filter { $0 is any PatchMask.Type }.map { $0.kind }

  private func mask(_ kind: String, _ settings: String = "") throws -> any PatchMask {
    let mask = try makeMask(Fields(yaml: "{kind: \(kind)\(settings)}", file: "test"))
    return try #require(mask as? any PatchMask)
  }

  /// A plan of any mask: one that reads scores gets drawn ones.
  private func plan(
    _ mask: any PatchMask, rows: Int, columns: Int, _ random: inout RandomStream
  ) -> MaskPlan {
    let scores = mask.needsScores ? (0..<rows * columns).map { _ in random.uniform() } : nil
    return mask.plan(rows: rows, columns: columns, scores: scores?[...], random: &random)
  }

  @Test(arguments: MaskTests.kinds, [(8, 8), (14, 14), (6, 4)])
  func countsAreAsStatedAndPlansAreWhole(kind: String, grid: (Int, Int)) throws {
    let mask = try mask(kind, kind == "blockwise" ? ", minimum: 4" : "")
    let (rows, columns) = grid
    let expected = try mask.visibleCounts(rows: rows, columns: columns)
    for draw in 0..<200 {
      var random = RandomStream(seed: 7, purpose: "mask", draw)
      let plan = plan(mask, rows: rows, columns: columns, &random)
      #expect(expected.contains(plan.visible.count))
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
      plan(mask, rows: 8, columns: 8, &first) == plan(mask, rows: 8, columns: 8, &second))
  }

  @Test(arguments: [(100, 0.9, 10), (196, 0.75, 49), (64, 0.75, 16), (10, 0.3, 7)])
  func ratiosAreNotSpoiledByRounding(count: Int, ratio: Double, visible: Int) throws {
    let mask = try mask("random", ", ratio: \(ratio)")
    #expect(try mask.visibleCounts(rows: 1, columns: count) == visible...visible)
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
    #expect(throws: InputError.self) { try mask.visibleCounts(rows: 8, columns: 8) }
  }

  /// Of 16 cells ⌈16 · 0.6⌉ = 10 are hidden, each whole.
  @Test func cellsAreHiddenWhole() throws {
    let mask = try mask("cell")
    #expect(try mask.visibleCounts(rows: 8, columns: 8) == 24...24)
    // 30 of 49 cells at the published size.
    #expect(try mask.visibleCounts(rows: 14, columns: 14) == 76...76)
    var random = RandomStream(seed: 4, purpose: "mask")
    let plan = mask.plan(rows: 8, columns: 8, random: &random)
    var counts: [Int: Int] = [:]
    for patch in plan.hidden.map({ Int($0) }) {
      let (row, column) = (patch / 8, patch % 8)
      counts[row / 2 * 4 + column / 2, default: 0] += 1
    }
    #expect(counts.count == 10 && counts.values.allSatisfy { $0 == 4 })
  }

  /// The published rule of data2vec at 14 × 14: at most 120 hidden, nearly always that many.
  @Test func blockwiseCountsVaryBelowTheirTarget() throws {
    let mask = try mask("blockwise", ", ratio: 0.6123")
    var counts: [Int] = []
    for draw in 0..<500 {
      var random = RandomStream(seed: 2, purpose: "mask", draw)
      counts.append(mask.plan(rows: 14, columns: 14, random: &random).hidden.count)
    }
    #expect(counts.allSatisfy { $0 <= 120 } && Set(counts).count > 1)
    let mean = Double(counts.reduce(0, +)) / 500
    #expect(mean > 105 && mean < 120, "\(mean)")
  }

  @Test func scoresChooseWhatIsHidden() throws {
    var random = RandomStream(seed: 0, purpose: "mask")
    let scores: [Float] = [0.1, 0.9, 0.5, 0.9, 0.2, 0.0]
    for (mode, hidden) in [("high", [1, 3]), ("low", [0, 5])] as [(String, [Int32])] {
      let mask = try mask("top", ", ratio: 0.34, mode: \(mode)")
      let plan = mask.plan(rows: 2, columns: 3, scores: scores[...], random: &random)
      #expect(plan.hidden == hidden)
    }
  }

  /// Low and high pass together give the image back, where nothing is clamped; each alone keeps its frequencies.
  @Test func discSplitsTheSpectrum() throws {
    let mask = try #require(
      try makeMask(Fields(yaml: "{kind: disc}", file: "test")) as? any ImageMask)
    var plans: [Int: ImageMaskPlan] = [:]
    for draw in 0..<50 {
      var random = RandomStream(seed: 1, purpose: "mask", draw)
      let plan = mask.plan(rows: 32, columns: 32, random: &random)
      plans[plan.variant] = plan
    }
    #expect(plans[0]?.removedCount == 1024 - 9 && plans[1]?.removedCount == 9)
    // One wave of frequency 1 about 1/2 lies in the disc of radius 2.
    let wave = (0..<1024).map { (index: Int) -> Float in
      let angle = 2 * Double.pi * Double(index % 32) / 32
      return Float(0.5 + 0.25 * cos(angle))
    }
    let nothing = [Float](repeating: 0, count: 1024)
    for (variant, expected) in [(0, wave), (1, nothing)] {
      var planes = wave
      let plan = try #require(plans[variant])
      planes.withUnsafeMutableBufferPointer { buffer in
        guard let base = buffer.baseAddress else { return }
        mask.apply(plan, to: base, channels: 1, rows: 32, columns: 32)
      }
      #expect(zip(planes, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }
}
