import Foundation
import Results
import Support

/// COCO's twelve numbers from the files of boxes or masks beside `file`, with intervals, as `unmask score coco` does it.
func measureScore(_ shape: DetectionProblem.Shape, _ options: Options) throws -> JSON {
  let truth = options.string("file", "")
  let detections = truth.parentFolder + (shape == .boxes ? "/boxes.json" : "/masks.json")
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  defer { pool.close() }
  var precision = 0.0
  let seconds = try repeated(options.integer("repetitions", 1), warmUps: 0) {
    let annotations = try COCOAnnotations(contentsOf: truth)
    let (problem, _) = try DetectionProblem.coco(
      annotations, COCODetections(contentsOf: detections, for: annotations), comparing: shape)
    let accuracy = try DetectionAccuracy(
      problem, categories: annotations.categories.map { ($0.id, $0.name) },
      resamples: options.integer("resamples", 1000), pool: pool)
    precision = accuracy.scores[0].value
  }
  return result(
    "score-\(shape.rawValue)", seconds: seconds, images: options.integer("images", 5000),
    check: precision)
}
