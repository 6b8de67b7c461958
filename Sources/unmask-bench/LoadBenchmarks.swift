import Encoders
import Evaluation
import Foundation
import Support
import Tensors
import Vision

/// From a checkpoint file of somebody else to the class token of one image, hash of the file included.
///
/// Nothing is warmed up but the system's cache of files.
func measureLoading(_ options: Options) throws -> JSON {
  let path = options.string("file", "")
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  defer { pool.close() }
  var sum: Float = 0
  let seconds = try repeated(options.integer("repetitions", 1), warmUps: 0) {
    let subject = try EvaluationSubject.load(path, seed: 0)
    let feature = try subject.resolve(FeatureRequest(.classToken))
    let buffers = FeatureBuffers([feature], capacity: 1)
    let extractor = FeatureExtractor(subject, pool: pool, precision: .fp32)
    let count = 3 * subject.preprocessing.side * subject.preprocessing.side
    try extractor.encode(1, into: buffers, advance: { _ in }) { _, target in
      for i in 0..<count { target[i] = sin(Float(i) * 0.01) }
    }
    sum = (0..<feature.width).reduce(0) { $0 + abs(buffers.floats(0)[$1]) }
  }
  return result("load", seconds: seconds, check: Double(sum))
}
