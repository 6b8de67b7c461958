import Results
import Support
import Vision

/// How much a classifier on frozen features loses as patches are hidden, or put into another order.
///
/// Naseer et al. 2021, at the level of pixels, so that networks without patches are measured alike: cells of a grid get the
/// picture's mean colour, in several draws that are the same for every checkpoint; or all cells change places.
package struct RobustnessOcclusion: Task {
  package static let kind = "robustness_occlusion"
  package static let summary = "accuracy as patches are hidden or shuffled"

  private let head: any Task
  private let cells: Int
  /// How many cells are hidden, for each share in per cent.
  private let drops: [(percent: Int, cells: Int)]
  private let draws: Int
  private let shuffles: [Int]
  private let seed: UInt64

  package init(fields: Fields) throws {
    let grid = try fields.take("grid", default: 8, in: 2...64, "cells a side that are hidden")
    let percents = try fields.take(
      "percents", default: [10, 20, 30, 40, 50, 60, 70, 80, 90, 95], in: 1...99,
      "shares of the cells that are hidden, in per cent")
    draws = try fields.take("draws", default: 3, in: 1...100, "random choices for each share")
    shuffles = try fields.take(
      "shuffle_grids", default: [2, 4, 8], in: 2...64, "cells a side that change places")
    seed = UInt64(
      try fields.take(
        "occlusion_seed", default: 0, in: 0...Int.max, "chooses the cells; not the run's seed"))
    guard Set(percents).count == percents.count, Set(shuffles).count == shuffles.count,
      !percents.isEmpty
    else {
      throw fields.error(
        at: "percents", "shares or grids are named twice, or no share at all", "name each once")
    }
    cells = grid
    drops = percents.sorted().map { percent in
      (percent, (grid * grid * percent + 50) / 100)
    }
    head = try fields.takeHead(["knn", "linear_probe", "attentive_probe"], default: "knn")
  }

  package var features: [FeatureRequest] { head.features }
  package var splits: [String] { head.splits }
  package var annotations: Set<Annotation.Kind> { head.annotations }

  package var sets: [SplitReference] {
    let dropped = drops.flatMap { drop in
      (0..<draws).map { draw in
        SplitReference(
          named: "drop-\(drop.percent)-\(draw)",
          Occlusion(.drop(drop.cells), grid: cells, draw: draw, seed: seed))
      }
    }
    let shuffled = shuffles.map {
      SplitReference(named: "shuffle-\($0)", Occlusion(.shuffle, grid: $0, seed: seed))
    }
    return [.test] + dropped + shuffled
  }

  package func checkApplies(_ context: TaskContext) throws { try head.checkApplies(context) }

  package func fit(_ context: TaskContext) throws -> any FittedHead { try head.fit(context) }

  package func summarize(
    _ scores: [SetScore], in result: inout TaskResult, _ context: TaskContext
  ) throws {
    var table = scores[0].predictions ?? Predictions(ids: ExampleIDs([]))
    let clean = scores[0].errors.map { 1 - Float($0) }
    var names: [String] = []
    func add(_ name: String, _ right: [Float]) {
      table.add(PredictionColumn(name, .real(right)))
      names.append(name)
    }
    var area = [Float](repeating: 0, count: clean.count)
    var before = (share: Float(0), right: clean)
    for (place, drop) in drops.enumerated() {
      var right = [Float](repeating: 0, count: clean.count)
      for draw in 0..<draws {
        for (image, wrong) in scores[1 + place * draws + draw].errors.enumerated() {
          right[image] += (1 - Float(wrong)) / Float(draws)
        }
      }
      let share = Float(drop.percent) / 100
      for image in area.indices {
        area[image] += (share - before.share) * (right[image] + before.right[image]) / 2
      }
      before = (share, right)
      add("accuracy_drop_\(drop.percent)", right)
    }
    // As a share of what a classifier that loses nothing has.
    add("area_drop", area.map { $0 / before.share })
    for (place, grid) in shuffles.enumerated() {
      add(
        "accuracy_shuffle_\(grid)",
        scores[1 + drops.count * draws + place].errors.map { 1 - Float($0) })
    }
    result.predictions = table
    result.metrics["top1"] = scores[0].metrics["top1"]
    for name in names {
      result.metrics[name] = try Metric(
        MetricOutcome(statistic: .mean, columns: [name]), of: table, pool: context.pool)
    }
    result.headline = "area_drop"
  }
}
