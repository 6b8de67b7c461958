import Evaluation
import Foundation
import Results
import Support
import Tensors

/// Paired bootstrap intervals of the differences of several metrics between two checkpoints.
func measureBootstrap(_ options: Options) throws -> JSON {
  let (examples, metrics) = (options.integer("examples", 50_000), options.integer("metrics", 10))
  let resamples = options.integer("resamples", 10_000)
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let columns = (0..<2 * metrics).map { column -> [Double] in
    var stream = RandomStream(seed: 0, purpose: "benchmark outcomes", column)
    return (0..<examples).map { _ in stream.uniformDouble() }
  }
  var widths: [Double] = []
  let seconds = repeated(options.integer("repetitions", 1), warmUps: 0) {
    let bootstrap = Bootstrap(
      SufficientStatistics(columns: columns), resamples: resamples, seed: 0, pool: pool)
    widths = (0..<metrics).map { metric in
      bootstrap.distribution { ($0[metrics + metric] - $0[metric]) / Double(examples) }
        .interval(.percentile).width
    }
  }
  var object =
    result("bootstrap", seconds: seconds, images: examples * metrics).object ?? [:]
  object["check"] = .number(widths.reduce(0, +) / Double(max(1, metrics)))
  return .object(object)
}
