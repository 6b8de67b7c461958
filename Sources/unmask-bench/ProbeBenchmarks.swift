import Evaluation
import Foundation
import Results
import Support
import Tensors

/// The weighted vote of the nearest neighbours of all queries.
func measureKNN(_ options: Options) throws -> JSON {
  let (queries, items) = (options.integer("queries", 10_000), options.integer("items", 50_000))
  let (width, classes) = (options.integer("width", 768), options.integer("classes", 100))
  let neighbours = options.integer("neighbours", 20)
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let train = Clusters(rows: items, width: width, classes: classes, purpose: "items", pool: pool)
  let test = Clusters(
    rows: queries, width: width, classes: classes, purpose: "queries", pool: pool)
  var right = 0
  let seconds = repeated(options.integer("repetitions", 1), warmUps: 0) {
    let search = NeighborSearch(train.features.data, count: items, width: width, pool: pool)
    let found = search.neighbors(of: test.features.data, queries, perQuery: neighbours)
    let vote = NeighborVote(neighbors: found, labels: train.labels, classes: classes)
    let scores = vote.scores(neighbors: neighbours, temperature: 0.07)
    right = scores.withUnsafeBufferPointer { scores in
      (0..<queries).count { query in
        let row = scores[query * classes..<(query + 1) * classes]
        return bestClass(UnsafeBufferPointer(rebasing: row)) == test.labels[query]
      }
    }
  }
  return withCheck(
    Double(right) / Double(queries),
    result(
      "knn", seconds: seconds, images: queries,
      flops: 2 * Double(queries) * Double(items) * Double(width)))
}

/// A whole training of the linear probe over features in memory.
func measureLinearProbe(_ options: Options) throws -> JSON {
  let (rows, width) = (options.integer("rows", 50_000), options.integer("width", 768))
  let (classes, epochs) = (options.integer("classes", 100), options.integer("epochs", 90))
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let data = Clusters(rows: rows, width: width, classes: classes, purpose: "rows", pool: pool)
  let input = MemoryFeatures(data.features.data, count: rows, width: width)
  let schedule = ProbeSchedule(
    epochs: epochs, warmUpEpochs: min(10, epochs / 2), batchSize: options.integer("batch", 4096),
    dropsLast: false)
  var loss = 0.0
  let seconds = try repeated(options.integer("repetitions", 1), warmUps: 0) {
    let head = LinearHeads(
      width: width, classes: classes, settings: [.init(baseRate: 0.1)], seed: 0, pool: pool)
    loss = try head.train(input, labels: data.labels.map { Int32($0) }, schedule: schedule)
  }
  return withCheck(
    loss,
    result(
      "linear-probe", seconds: seconds, images: rows * epochs,
      flops: 4 * Double(rows) * Double(epochs) * Double(width) * Double(classes)))
}

private func withCheck(_ check: Double, _ result: JSON) -> JSON {
  var object = result.object ?? [:]
  object["check"] = .number(check)
  return .object(object)
}
