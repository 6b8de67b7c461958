import Support
import Tensors
import TestSupport
import Testing

extension OperatorCase {
  /// A batch norm whose statistics are somewhere off those of the input.
  private static func batchNorm(
    _ name: String, _ shape: [Int], usesBatch: Bool, isAffine: Bool, rectified: Bool = false,
    hasResidual: Bool = false
  ) -> OperatorCase {
    let width = shape[shape.count - 1]
    return OperatorCase(
      "batch norm, \(name)", inputs: hasResidual ? [shape, shape] : [shape],
      parameters: isAffine ? [[width], [width]] : []
    ) { graph, x, p in
      let store = ParameterStore()
      let statistics = RunningStatistics(store, "norm", width)
      for c in 0..<width {
        statistics.mean.data[c] = 0.1 * Float(c % 5)
        statistics.variance.data[c] = 0.4 + 0.1 * Float(c % 3)
      }
      let compute = graph.precision.computeType
      return withExtendedLifetime(store) {
        graph.batchNorm(
          graph.converted(x[0], to: compute), gain: p.first, bias: p.last, statistics: statistics,
          epsilon: 1e-5, usesBatch: usesBatch,
          residual: hasResidual ? graph.converted(x[1], to: compute) : nil, rectified: rectified)
      }
    }
    .with { if rectified { ($0.step, $0.spacing, $0.bfloat16Tolerance) = (1e-3, 0.01, nil) } }
  }

  static let batchNorm: [OperatorCase] = [
    batchNorm("images, training", [3, 4, 5, 7], usesBatch: true, isAffine: true),
    batchNorm("images, evaluation", [3, 4, 5, 7], usesBatch: false, isAffine: true),
    batchNorm("features, training", [65, 17], usesBatch: true, isAffine: false),
    batchNorm("features, evaluation", [17, 1], usesBatch: false, isAffine: false),
    batchNorm("many channels", [9, 301], usesBatch: true, isAffine: true),
    batchNorm("residual", [2, 3, 3, 5], usesBatch: true, isAffine: true, hasResidual: true),
  ]
}

@Suite struct BatchNormTests {
  @Test(arguments: try Golden("batch_norm").cases)
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("batch_norm")
    let run = GoldenRun(golden, caseName, parameters: ["weight", "bias"])
    let width = golden.tensor("running_mean", in: caseName).count
    let store = ParameterStore()
    let statistics = RunningStatistics(
      store, "norm", width, momentum: Float(golden.number("momentum", in: caseName)))
    for (parameter, key) in [(statistics.mean, "mean"), (statistics.variance, "variance")] {
      parameter.data.update(
        from: golden.tensor("running_\(key)", in: caseName).data, count: width)
    }
    let trains = golden.flag("training", in: caseName)
    let differences = run.differences(training: [store]) { graph, x in
      let isImage = x.shape.count == 4
      let out = graph.batchNorm(
        isImage ? graph.channelsLast(x) : x, gain: run.parameter("weight"),
        bias: run.parameter("bias"), statistics: statistics,
        epsilon: Float(golden.number("epsilon", in: caseName)), usesBatch: trains)
      return isImage ? graph.channelsFirst(out) : out
    }
    // Two rows a column: the gradient of the input is a difference of nearly equal numbers.
    let tolerance: Float = caseName == "features_affine" ? 2e-3 : 5e-6
    for (name, difference) in differences { #expect(difference < tolerance, "\(name)") }
    store.absorbRunningStatistics()
    for (parameter, key) in [(statistics.mean, "mean"), (statistics.variance, "variance")] {
      let name = (trains ? "new_running_" : "running_") + key
      let moved = Tensor([width])
      moved.data.update(from: parameter.data, count: width)
      #expect(
        largestRelativeDifference(moved, from: golden.tensor(name, in: caseName)) < 1e-6, "\(name)")
    }
    #expect(statistics.steps.data[0] == (trains ? 1 : 0))
  }

  /// ReLU and residual in one pass, and the same in steps.
  @Test func fusionsChangeNothing() {
    let store = ParameterStore()
    let statistics = RunningStatistics(store, "norm", 5)
    var random = RandomStream(seed: 1, purpose: "fusions")
    let draws = (0..<3).map { _ in (0..<65).map { _ in random.normal() } }
    let results = [true, false].map { isFused -> [[Float]] in
      let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
      let x = graph.variable([13, 5], draws[0])
      let residual = graph.variable([13, 5], draws[1])
      let norm = { (r: Node?) in
        graph.batchNorm(
          x, gain: nil, bias: nil, statistics: statistics, epsilon: 1e-5, residual: r,
          rectified: isFused)
      }
      let out = isFused ? norm(residual) : graph.activated(graph.add(norm(nil), residual), .relu)
      graph.seed(out, gradient: draws[2])
      graph.backward()
      return [out.array]
        + [x, residual].map { Array(UnsafeBufferPointer(start: $0.gradient, count: $0.count)) }
    }
    for (a, b) in zip(results[0], results[1]) {
      #expect(zip(a, b).allSatisfy { abs($0 - $1) < 1e-6 })
    }
  }

  /// Of a network's input the moments are known before the step; columns far from zero lose nothing.
  @Test func inputsAreNormalisedByTheBatch() {
    let (count, width) = (333, 5)
    let features = Tensor([count, width])
    var random = RandomStream(seed: 3, purpose: "input norm")
    for i in 0..<features.count {
      features.data[i] = 3000 * Float(i % width) + random.normal() * Float(1 + i % width)
    }
    let examples = random.permutation(count).prefix(300).map { Int32($0) }
    let rows = BatchRows(BatchRows(features), examples: examples)
    let moments = [1, 3].map { threads in
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      return rows.moments(pool: pool)
    }
    #expect(moments[0].mean.array == moments[1].mean.array)
    #expect(moments[0].variance.array == moments[1].variance.array)
    let norm = ColumnNorm(moments[0], epsilon: 1e-6)
    let normed = Graph(workspace: Workspace(), precision: .fp32).batchNorm(rows, 10..<300, by: norm)
    for c in 0..<width {
      let column = examples.map { Double(features.data[Int($0) * width + c]) }
      let mean = column.reduce(0, +) / 300
      let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 300
      #expect(abs(Double(moments[0].mean.data[c]) - mean) < 1e-3)
      #expect(abs(Double(moments[0].variance.data[c]) / variance - 1) < 1e-5)
      for r in 10..<300 {
        let expected = (column[r] - mean) / (variance + 1e-6).squareRoot()
        #expect(abs(Double(normed.data[(r - 10) * width + c]) - expected) < 2e-3)
      }
    }
  }

  /// The statistics move by those of the whole batch, however it is cut and whoever computes it.
  @Test func statisticsAreThoseOfTheBatch() throws {
    var random = RandomStream(seed: 2, purpose: "statistics")
    let rows = (0..<37 * 3).map { 100 + random.normal() * (1 + Float($0 % 3)) }
    func moved(threads: Int, slice: Int) throws -> [Float] {
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      let store = ParameterStore()
      let statistics = RunningStatistics(store, "norm", 3, momentum: 0.5)
      statistics.reset()
      for c in 0..<3 { statistics.mean.data[c] = 90 }
      let runner = DataParallel(pool: pool, stores: [store], precision: .fp32)
      for _ in 0..<2 {
        _ = try runner.step(batch: 37, slice: slice) { graph, range in
          let x = graph.constant([range.count, 3]) { out in
            for i in 0..<range.count * 3 { out[i] = rows[range.lowerBound * 3 + i] }
          }
          _ = graph.batchNorm(x, gain: nil, bias: nil, statistics: statistics, epsilon: 1e-5)
          return 0
        }
        #expect(runner.gradientNorm() == 0)
      }
      return (0..<3).map { statistics.mean.data[$0] } + (0..<3).map { statistics.variance.data[$0] }
    }
    let one = try moved(threads: 1, slice: 2)
    #expect(try moved(threads: 3, slice: 2) == one)
    let whole = try moved(threads: 1, slice: 37)
    for c in 0..<3 {
      let column = stride(from: c, to: rows.count, by: 3).map { Double(rows[$0]) }
      let mean = column.reduce(0, +) / 37
      let variance = column.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / 36
      for values in [one, whole] {
        #expect(abs(Double(values[c]) - (90 * 0.25 + mean * 0.75)) < 1e-4)
        #expect(abs(Double(values[3 + c]) - (0.25 + variance * 0.75)) < 1e-3)
      }
    }
  }
}
