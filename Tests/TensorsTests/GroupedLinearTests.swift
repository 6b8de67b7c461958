import Support
import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let groupedLinear: [OperatorCase] = [
    OperatorCase("grouped linear", inputs: [[7, 3 * 5]], parameters: [[3 * 4, 5], [3 * 4]]) {
      graph, x, p in
      graph.linear(x[0], weight: p[0], bias: p[1], groups: 3)
    },
    OperatorCase("grouped linear, transposed", inputs: [[3, 4 * 6]], parameters: [[4 * 6, 17]]) {
      graph, x, p in
      graph.linear(x[0], weight: p[0], bias: nil, groups: 4, order: .inputsByOutputs)
    },
    OperatorCase(
      "grouped linear behind norms", inputs: [[9, 6 * 8]],
      parameters: [[6 * 3, 8], [6 * 3], [2 * 8], [2 * 8]]
    ) { graph, x, p in
      graph.linear(
        x[0], weight: p[0], bias: p[1], groups: 6, after: GainAndBias(gain: p[2], bias: p[3]))
    },
    OperatorCase(
      "grouped linear behind a norm, no bias", inputs: [[2, 17]],
      parameters: [[5, 17], [17], [17]]
    ) { graph, x, p in
      graph.linear(
        x[0], weight: p[0], bias: nil, groups: 1, after: GainAndBias(gain: p[1], bias: p[2]))
    },
  ]
}

@Suite struct GroupedLinearTests {
  @Test(arguments: try Golden("grouped_linear").cases)
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("grouped_linear")
    let run = GoldenRun(golden, caseName, parameters: ["weight", "bias", "gain", "shift"])
    let differences = run.differences { graph, x in
      graph.linear(
        x, weight: run.required("weight"), bias: run.parameter("bias"),
        groups: golden.integer("groups", in: caseName),
        order: golden.flag("transposed", in: caseName) ? .inputsByOutputs : .outputsByInputs,
        after: run.parameter("gain").map {
          GainAndBias(gain: $0, bias: run.required("shift"))
        })
    }
    for (name, difference) in differences { #expect(difference < 3e-6, "\(name)") }
  }

  /// A group's members lie side by side, whatever their size, and are parameters of their own.
  @Test func membersOfAGroup() {
    let store = ParameterStore()
    let group = store.add(group: ["a", "b", "c"], [3, 5])
    let next = store.add("next", [2])
    for i in 0..<45 { group.whole.data[i] = Float(i) }
    for (index, name) in ["a", "b", "c"].enumerated() {
      #expect(group[index].array == (0..<15).map { Float(15 * index + $0) })
      #expect(store[name] === group[index])
    }
    #expect(group.whole.shape == [9, 5])
    #expect(next.array == [0, 0])
    #expect(store.parameterCount == 47)
  }

  /// What a team computes on a whole batch: like one worker but for rounding, the same for any team.
  @Test func teamsChangeNothing() throws {
    var random = RandomStream(seed: 4, purpose: "teams")
    let (rows, groups, width) = (130, 3, 17)
    let values = (0..<rows * groups * width).map { _ in random.normal() }
    let labels = (0..<rows).map { _ in Int32(random.below(5)) }
    func trained(_ team: WorkerTeam?) -> [[Float]] {
      let store = ParameterStore()
      let weight = store.add("weight", [groups * 5, width])
      let norm = GainAndBias(gain: store.add("gain", [width]), bias: store.add("bias", [width]))
      let statistics = RunningStatistics(store, "norm", groups * width)
      var random = RandomStream(seed: 5, purpose: "teams")
      for parameter in store.parameters where parameter.isTrainable {
        for i in 0..<parameter.count { parameter.data[i] = random.normal() }
      }
      statistics.reset()
      let graph =
        team.map { Graph(team: $0, precision: .fp32, training: [store]) }
        ?? Graph(
          workspace: Workspace(), precision: .fp32, gradients: [(store, store.gradient)])
      let x = graph.variable([rows, groups * width], values)
      // The norm first: behind it, what is added to a column would have no gradient but rounding.
      let normed = graph.batchNorm(
        x, gain: nil, bias: nil, statistics: statistics, epsilon: 1e-5)
      let logits = graph.linear(normed, weight: weight, bias: nil, groups: groups, after: norm)
      let loss = graph.crossEntropy(
        logits.reshaped([rows, groups, 5]), labels: labels, weight: 1 / Float(rows))
      graph.backward()
      store.absorbRunningStatistics()
      let gradients = store.parameters.map {
        Array(UnsafeBufferPointer(start: $0.gradient, count: $0.count))
      }
      let inputs = x.gradient.map { Array(UnsafeBufferPointer(start: $0, count: x.count)) }
      return gradients + [inputs ?? [], statistics.mean.array, statistics.variance.array]
        + [[Float(loss)]]
    }
    let alone = trained(nil)
    let teams = [1, 2, 3].map { threads in
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      return trained(WorkerTeam(pool))
    }
    #expect(teams[0] == teams[1])
    #expect(teams[0] == teams[2])
    for (mine, theirs) in zip(teams[0], alone) {
      #expect(
        largestRelativeDifference(Tensor([mine.count], mine), from: Tensor([mine.count], theirs))
          < 1e-5)
    }
  }
}
