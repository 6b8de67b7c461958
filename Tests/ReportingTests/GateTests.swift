import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing

@testable import Reporting

@Suite struct GateTests {
  private let folder = TemporaryFolder()

  /// Writes a report of outcomes and names its folder.
  private func write(_ name: String, _ tasks: [String: [Bool]], day: Int = 0) throws -> String {
    var report = SampleReports.report(
      name, tasks: tasks.keys.sorted().map { SampleReports.task($0, right: tasks[$0] ?? []) })
    report.created += Double(86_400 * day)
    try report.write(folder.file(name))
    return folder.file(name)
  }

  private func gate(_ baseline: String, _ candidate: String, _ yaml: String? = nil) throws -> Gate {
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    var file: String?
    if let yaml {
      file = folder.file("gate.yaml")
      try AtomicFile.write(yaml, to: folder.file("gate.yaml"))
    }
    return try Gate(baseline: baseline, candidate: candidate, configuration: file, pool: pool)
  }

  /// Outcomes that lose the given number of right answers and gain others.
  private func changed(_ outcomes: [Bool], losing: Int, gaining: Int) -> [Bool] {
    var (lost, gained) = (0, 0)
    return outcomes.map { right in
      if right && lost < losing {
        lost += 1
        return false
      }
      if !right && gained < gaining {
        gained += 1
        return true
      }
      return right
    }
  }

  private let base = SampleReports.outcomes(4_000, accuracy: 0.7, seed: 1)

  @Test func theSameOutcomesPass() throws {
    let paths = try [write("a", ["knn": base]), write("b", ["knn": base])]
    let gate = try gate(paths[0], paths[1])
    #expect(gate.verdict == .pass && gate.exitCode(allowInconclusive: false) == 0)
    #expect(gate.checks.map(\.kind) == [.hard, .hard, .metric])
  }

  /// A loss of five points, as real as can be on these images, where seeds lie that far apart or not.
  @Test(arguments: [([60, 300, 210], GateVerdict.inconclusive), ([10, 30, 20], .regression)])
  func aLossThatSeedsExplainIsNoRegression(losses: [Int], verdict: GateVerdict) throws {
    let baseline = try write("a", ["knn": base])
    let candidate = try write("b", ["knn": changed(base, losing: 200, gaining: 0)])
    #expect(try gate(baseline, candidate).verdict == .regression)
    for (seed, loss) in losses.enumerated() {
      let outcomes = changed(base.reversed(), losing: loss, gaining: 0)
      _ = try write("seeds/\(seed)", ["knn": outcomes.reversed()])
    }
    let weighed = try gate(baseline, candidate, "seeds: seeds\n")
    #expect(weighed.verdict == verdict)
    let reason = try #require(weighed.checks.last?.reason)
    #expect(reason.contains("4 seeds of the baseline's recipe spread by"))
    // A pass is not touched.
    #expect(try gate(baseline, baseline, "seeds: seeds\n").verdict == .pass)
  }

  /// What is recorded of a pretraining, with a seed and a place of its own.
  private func pretraining(seed: Int, ratio: Double = 0.75) -> JSON {
    [
      "recipe": "mae", "seed": .integer(seed), "mask": ["ratio": .number(ratio)],
      "curve": [["loss": .number(Double(seed))]], "fingerprint": .string("\(seed)"),
      "configuration": ["seed": .integer(seed), "data": .string("folder:\(seed)")],
      "data": ["fingerprint": "same", "specification": .string("folder:\(seed)")],
    ]
  }

  @Test func anotherSeedOfTheRecipeIsNoRegressionAnotherRecipeIs() throws {
    func write(_ name: String, _ right: [Bool], _ pretraining: JSON) throws -> String {
      var report = SampleReports.report(name, tasks: [SampleReports.task("knn", right: right)])
      report.checkpoint.pretraining = pretraining
      try report.write(folder.file(name))
      return folder.file(name)
    }
    let lost = changed(base, losing: 300, gaining: 100)
    let baseline = try write("baseline", base, pretraining(seed: 0))
    let seed = try gate(baseline, write("seed", lost, pretraining(seed: 1)))
    #expect(seed.verdict == .inconclusive)
    let reasons = seed.checks.map { $0.reason }.joined()
    #expect(reasons.contains("differs except the seed (0, here 1)"))
    let ratio = try gate(baseline, write("ratio", lost, pretraining(seed: 1, ratio: 0.5)))
    #expect(ratio.verdict == .regression)
    // Equal seeds give equal bits: something else must have changed.
    #expect(try gate(baseline, write("same", lost, pretraining(seed: 0))).verdict == .regression)
  }

  @Test func seedsMustBeThereAndComparable() throws {
    let baseline = try write("a", ["knn": base])
    let candidate = try write("b", ["knn": changed(base, losing: 200, gaining: 0)])
    let none = line { _ = try gate(baseline, candidate, "seeds: absent\n") }
    #expect(none.contains("holds no report of another seed"))
    _ = try write("seeds/other", ["linear_probe": base])
    let other = line { _ = try gate(baseline, candidate, "seeds: seeds\n") }
    #expect(other.contains("has no result comparable with knn.top1"))
  }

  @Test func aRealAndRelevantLossIsARegression() throws {
    let worse = changed(base, losing: 160, gaining: 40)
    let paths = try [write("a", ["knn": base]), write("b", ["knn": worse])]
    let gate = try gate(paths[0], paths[1])
    #expect(gate.verdict == .regression)
    #expect(gate.exitCode(allowInconclusive: true) == 1)
    let check = try #require(gate.checks.last)
    #expect(check.name == "knn.top1" && check.reason.contains("−3.0"))
    #expect(check.reason.contains("a real loss, and more than 1 point"))
    // The other way round it is a gain, and more than three margins of one.
    #expect(try self.gate(paths[1], paths[0]).verdict == .pass)
    #expect(try self.gate(paths[1], paths[0], "default_margin: 0.5\n").notes.count == 1)
  }

  @Test func aRealButSmallLossIsNotARegression() throws {
    let worse = changed(base, losing: 40, gaining: 10)
    let paths = try [write("a", ["knn": base]), write("b", ["knn": worse])]
    #expect(try gate(paths[0], paths[1], "metrics: {knn.top1: 2}\n").verdict == .pass)
    let strict = try gate(paths[0], paths[1], "metrics: {knn.top1: 0.8}\n")
    #expect(strict.verdict == .inconclusive)
  }

  @Test func tooFewExamplesAreInconclusiveAndSayHowManyWouldDo() throws {
    let small = Array(base.prefix(400))
    let other = changed(small, losing: 22, gaining: 20)
    let paths = try [write("a", ["knn": small]), write("b", ["knn": other])]
    let gate = try gate(paths[0], paths[1])
    #expect(gate.verdict == .inconclusive)
    #expect(gate.exitCode(allowInconclusive: false) == 3)
    #expect(gate.exitCode(allowInconclusive: true) == 0)
    let reason = try #require(gate.checks.last?.reason)
    let match = try #require(reason.firstMatch(of: /about ([0-9,]+) examples would decide/))
    let needed = try #require(Int(match.1.replacing(",", with: "")))
    // 42 of 400 disagree, half a point of the margin is left: 7.85 · 0.105 / 0.005².
    #expect((30_000...36_000).contains(needed))
  }

  @Test func oneMetricOfManyNeedsMoreThanOneChanceInForty() throws {
    // p of about 0.01 one-sided: enough alone, not among six.
    let worse = changed(base, losing: 125, gaining: 90)
    let alone = try gate(
      write("a", ["t0": base]), write("b", ["t0": worse]), "default_margin: 0.5\n")
    #expect(alone.verdict == .regression)
    var tasks = Dictionary(uniqueKeysWithValues: (0..<6).map { ("t\($0)", base) })
    let first = try write("a6", tasks)
    tasks["t0"] = worse
    let among = try gate(first, write("b6", tasks), "default_margin: 0.5\n")
    #expect(among.verdict == .inconclusive)
  }

  @Test func onlyTheNamedMetricsAreGated() throws {
    let worse = changed(base, losing: 300, gaining: 0)
    let first = try write("a", ["knn": base, "linear_probe": base])
    let second = try write("b", ["knn": worse, "linear_probe": base])
    #expect(try gate(first, second).verdict == .regression)
    #expect(try gate(first, second, "metrics: {linear_probe.top1: 1}\n").verdict == .pass)
  }

  @Test func anotherMetricIsBootstrapped() throws {
    let worse = changed(base, losing: 160, gaining: 40)
    let paths = try [write("a", ["knn": base]), write("b", ["knn": worse])]
    let gate = try gate(paths[0], paths[1], "metrics: {knn.mean_per_class: 1}\nresamples: 1000\n")
    #expect(gate.verdict == .regression)
    #expect(gate.checks.last?.evidence?.difference.test == "paired bootstrap, 1000 resamples")
  }

  @Test func anEncoderNoBetterThanItsTwinFails() throws {
    _ = try write("twin", ["knn": base])
    let yaml = "untrained: twin\n"
    let same = try write("same", ["knn": changed(base, losing: 20, gaining: 20)])
    let better = try write("better", ["knn": changed(base, losing: 0, gaining: 200)])
    #expect(try gate(same, same, yaml).verdict == .regression)
    #expect(try gate(same, same).verdict == .pass)
    #expect(try gate(better, better, yaml).verdict == .pass)
  }

  @Test func featuresThatCollapseFailUnlessTheBaselineDoes() throws {
    func withHealth(_ name: String, _ health: JSON) throws -> String {
      var task = SampleReports.task("knn", right: base)
      task.details = ["feature_health": health]
      try SampleReports.report(name, tasks: [task]).write(folder.file(name))
      return folder.file(name)
    }
    let good = try withHealth("good", ["width": 192, "effective_rank": 50, "mean_cosine": 0.2])
    let flat = try withHealth("flat", ["width": 192, "effective_rank": 3, "mean_cosine": 0.2])
    let cone = try withHealth("cone", ["mean_cosine": 0.99])
    let wild = try withHealth("wild", ["non_finite": 2])
    #expect(try gate(good, good).verdict == .pass)
    #expect(try gate(good, flat).verdict == .regression)
    #expect(try gate(flat, flat).verdict == .pass)
    #expect(try gate(good, cone).verdict == .regression)
    #expect(try gate(wild, wild).verdict == .regression)
  }

  @Test func oneAnswerForAllIsCollapse() throws {
    let first = try write("a", ["knn": base])
    var task = SampleReports.task("knn", right: base)
    let labels = base.indices.map { $0 % 10 }
    let accuracy = ClassificationAccuracy(
      ids: base.indices.map { "test/\($0)" }, labels: labels, predictions: labels.map { _ in 0 },
      classes: (0..<10).map { "class \($0)" })
    task.metrics = accuracy.metrics
    task.predictions = accuracy.predictions
    try SampleReports.report("b", tasks: [task]).write(folder.file("b"))
    let check = try gate(first, folder.file("b")).checks[1]
    #expect(check.verdict == .regression && check.reason.contains("every example the same class"))
  }

  @Test func manySmallLossesAreSeen() throws {
    // Each run loses 0.6 points net, which passes alone; the anchor stays.
    let first = try write("anchor", ["knn": base])
    var last = first
    var verdicts: [GateVerdict] = []
    for day in 1...12 {
      let drop = SampleReports.outcomes(4_000, accuracy: 0.69, seed: UInt64(100 + day), luck: 0.97)
      last = try write("history/day\(day + 10)", ["knn": drop], day: day)
      verdicts.append(try gate(first, last, "history: history\ndefault_margin: 3\n").verdict)
    }
    #expect(verdicts[0] == .pass)
    #expect(verdicts.last == .regression)
    let check = try #require(
      try gate(first, last, "history: history\ndefault_margin: 3\n").checks.last)
    #expect(check.kind == .drift && check.reason.contains("many small losses add up"))
    #expect(try gate(first, last, "default_margin: 3\n").verdict == .pass)
  }

  /// Years of nights: more reports than `compare` would take.
  @Test func aHistoryMayGrow() throws {
    let first = try write("anchor", ["knn": base])
    let old = try write("old", ["knn": changed(base, losing: 10, gaining: 10)])
    let history = folder.file("history")
    try FileManager.default.createDirectory(atPath: history, withIntermediateDirectories: true)
    for night in 0..<(mostReports + 200) {
      try FileManager.default.createSymbolicLink(
        atPath: "\(history)/\(night)", withDestinationPath: old)
    }
    let gate = try gate(first, first, "history: history\n")
    #expect(gate.verdict == .pass)
    #expect(gate.notes.contains { $0.contains("Drift: 20 runs against") })
  }

  @Test func anEmptyHistoryIsNoError() throws {
    let paths = try [write("a", ["knn": base]), write("b", ["knn": base])]
    let gate = try gate(paths[0], paths[1], "history: nothing-yet\n")
    #expect(gate.verdict == .pass && gate.checks.last?.kind == .drift)
  }

  @Test func lowerIsBetterIsUnderstood() {
    let loss = PairedDifference(
      PairedProportions(count: 10_000, baselineOnly: 100, candidateOnly: 400))
    let p = GateDecision.lossP(loss, higherIsBetter: false)
    let decision = GateDecision(
      loss, higherIsBetter: false, margin: 0.01, adjustedP: p, alpha: 0.025)
    #expect(decision.verdict == .regression && decision.gain < 0)
    let gain = GateDecision(
      loss, higherIsBetter: true, margin: 0.01, adjustedP: 1 - p, alpha: 0.025)
    #expect(gain.verdict == .pass)
  }
}
