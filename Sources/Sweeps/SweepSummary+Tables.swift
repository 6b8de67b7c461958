import Evaluation
import Foundation
import Reporting
import Results
import Support

extension SweepSummary {
  /// One row a setting: each task's mean over seeds with its interval, and the seeds' values.
  var overview: TextTable {
    let titles = tasks.flatMap { task in
      let unit = task.unit.name
      return ["\(task.name) \(task.metric)\(unit.isEmpty ? "" : ", " + unit)", "by seed"]
    }
    var table = TextTable(["setting"] + titles)
    for row in rows {
      let cells = tasks.indices.flatMap { task -> [String] in
        guard let value = row.values[task] else { return ["–", "–"] }
        let unit = tasks[task].unit
        let seeds = value.values.map { Numbers.fixed($0 * unit.factor, 2) }
        return [
          unit.text(value.seeds.mean, value.interval),
          row.isReference ? "" : seeds.joined(separator: " "),
        ]
      }
      table.add([row.setting] + cells)
    }
    return table
  }

  /// The paired differences from the first setting; nil when there is nothing to compare.
  var differences: TextTable? {
    guard let base = rows.first?.setting else { return nil }
    var table = TextTable(
      ["task", "setting", "difference from \(base)", "p", "p, Holm", "by seed"],
      alignments: [.left, .left, .right, .right, .right, .right])
    for (index, task) in tasks.enumerated() {
      for row in rows {
        guard let value = row.values[index], let difference = value.difference else { continue }
        let seeds = value.seedDifferences.map {
          Numbers.fixed($0.difference * task.unit.factor, 2, signed: true)
        }
        table.add([
          task.name, row.setting,
          task.unit.text(difference.difference, difference.interval, signed: true),
          Numbers.pValue(difference.pValue), value.adjustedP.map(Numbers.pValue) ?? "",
          seeds.joined(separator: " "),
        ])
      }
    }
    return table.rows.isEmpty ? nil : table
  }

  /// How the tables are to be read.
  var notes: [String] {
    let counts = rows.filter { !$0.isReference }.map(\.seeds.count)
    var notes = [
      "Intervals and p values are 95 % over test images, for the seeds that were run; "
        + "what seeds change stands beside them."
    ]
    let tests = Set(rows.flatMap(\.values).compactMap { $0?.difference?.test }).sorted()
    if !tests.isEmpty {
      notes.append(
        "Differences are paired on the same images: \(tests.joined(separator: "; ")); "
          + "Holm's correction over all tasks and settings.")
    }
    if let least = counts.min(), least <= 3 {
      notes.append(
        least == 1
          ? "One seed: nothing is known about what other seeds would give."
          : "\(least) seeds: an indication of what seeds change, no more.")
    }
    return notes
  }

  /// The numbers of the tables, in the metrics' own units.
  var json: JSON {
    [
      "resamples": .integer(resamples),
      "baseline": rows.first.map { .string($0.setting) } ?? .null,
      "rows": .array(
        rows.map { row in
          [
            "setting": .string(row.setting), "reference": .bool(row.isReference),
            "seeds": .array(row.seeds.map { .integer($0) }),
            "cells": .array(row.cells.map { .string($0) }),
            "tasks": .object(
              Dictionary(
                uniqueKeysWithValues: tasks.indices.compactMap { task in
                  row.values[task].map { (tasks[task].name, $0.json(tasks[task])) }
                })),
          ]
        }),
    ]
  }
}

extension SweepSummary.Value {
  fileprivate func json(_ task: SweepSummary.Task) -> JSON {
    [
      "metric": .string(task.metric), "mean": .number(seeds.mean), "ci95_images": interval.json,
      "values": .array(values.map { .number($0) }),
      "standard_deviation": seeds.standardDeviation.map { .number($0) } ?? .null,
      "difference": difference?.json ?? .null,
      "p_holm": adjustedP.map { .number($0) } ?? .null,
      "seed_differences": .array(
        seedDifferences.map { ["seed": .integer($0.seed), "difference": .number($0.difference)] }),
    ]
  }
}

extension SweepRecord {
  /// What each setting cost: one row a setting, times as the mean of its cells.
  var computeTable: TextTable {
    let isTimed = cells.contains { $0.compute?.pretrainingSeconds != nil }
    var table = TextTable(
      [
        "setting", "visible patches", "images", "steps", "visible tokens", "training FLOPs",
      ] + (isTimed ? ["pretraining", "evaluation"] : []))
    var shown: Set<String> = []
    for cell in cells where shown.insert(cell.setting).inserted {
      guard let compute = cell.compute else { continue }
      let group = cells.filter { $0.setting == cell.setting }.compactMap(\.compute)
      func clock(_ seconds: (SweepCompute) -> Double?) -> String {
        let known = group.compactMap(seconds)
        return known.isEmpty ? "–" : ProgressText.clock(known.reduce(0, +) / Double(known.count))
      }
      table.add(
        [
          cell.setting, "\(compute.visiblePatches) of \(compute.patches)",
          Numbers.grouped(compute.images), Numbers.grouped(compute.steps),
          SweepVerdict.short(compute.visibleTokens), SweepVerdict.short(compute.totalFLOPs),
        ] + (isTimed ? [clock(\.pretrainingSeconds), clock(\.evaluationSeconds)] : []))
    }
    return table
  }
}
