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
  let input = MemoryFeatures(data.features)
  let schedule = ProbeSchedule(
    epochs: epochs, warmUpEpochs: min(10, epochs / 2), batchSize: options.integer("batch", 4096),
    dropsLast: false)
  let settings = headSettings(options.integer("heads", 1))
  var loss = 0.0
  let seconds = try repeated(options.integer("repetitions", 1), warmUps: 0) {
    let heads = LinearHeads(
      width: width, classes: classes, settings: settings, seed: 0, pool: pool)
    loss = try heads.train(input, labels: data.labels.map { Int32($0) }, schedule: schedule)
  }
  return withCheck(
    loss,
    result(
      "linear-probe", seconds: seconds, images: rows * epochs,
      flops: 4 * Double(rows) * Double(epochs) * Double(width)
        * Double(classes * settings.count)))
}

/// A whole training of attentive probes side by side over tokens in memory.
func measureAttentiveProbe(_ options: Options) throws -> JSON {
  let (images, tokens) = (options.integer("images", 5_000), options.integer("tokens", 65))
  let (width, classes) = (options.integer("width", 192), options.integer("classes", 10))
  let epochs = options.integer("epochs", 5)
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let data = Clusters(
    rows: images * tokens, width: width, classes: classes, purpose: "tokens", pool: pool)
  let halves = (0..<data.features.count).map { Float16(data.features.data[$0]).bitPattern }
  let labels = (0..<images).map { Int32(data.labels[$0 * tokens]) }
  let schedule = ProbeSchedule(
    epochs: epochs, warmUpEpochs: 1, batchSize: options.integer("batch", 256))
  let settings = headSettings(options.integer("heads", 6))
  var loss = 0.0
  let seconds = try halves.withUnsafeBufferPointer { halves in
    guard let base = halves.baseAddress else { preconditionFailure("no tokens") }
    let input = MemoryTokens(
      BatchTokens(rows: base, count: images, tokens: tokens, width: width))
    return try repeated(options.integer("repetitions", 1), warmUps: 0) {
      let heads = AttentiveHeads(
        tokens: tokens, width: width, heads: max(1, width / 64), classes: classes,
        settings: settings, seed: 0, pool: pool)
      loss = try heads.train(input, labels: labels, schedule: schedule).last ?? 0
      _ = try heads.logits(input)
    }
  }
  return withCheck(loss, result("attentive-probe", seconds: seconds, images: images * epochs))
}

/// As many settings as heads are trained side by side.
private func headSettings(_ count: Int) -> [LinearHeads.Setting] {
  (0..<count).map { .init(baseRate: 0.1 / Double($0 + 1)) }
}

private func withCheck(_ check: Double, _ result: JSON) -> JSON {
  var object = result.object ?? [:]
  object["check"] = .number(check)
  return .object(object)
}
