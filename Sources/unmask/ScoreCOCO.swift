import ArgumentParser
import Reporting
import Results
import Support

/// `unmask score coco`: average precision and recall of detections.
struct ScoreCOCO: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coco",
    abstract: "Average precision and recall of detections, as pycocotools computes them.",
    discussion: """
      Example: unmask score coco --ground-truth instances_val2017.json --detections masks.json --type segm

      Prints the twelve numbers, and for each category its own, with intervals over images.
      """)

  @Option(help: "The ground truth: a JSON file in COCO's layout.")
  var groundTruth: String

  @Option(help: "The detections: a JSON list in COCO's layout of results.")
  var detections: String

  @Option(help: "What is compared: bbox (boxes) or segm (masks).")
  var type: DetectionProblem.Shape = .boxes

  @Option(help: "Resamples of the images that the intervals rest on; 0 for no intervals.")
  var resamples = 1000

  @Option(help: "Worker threads; all cores if not given. Results do not depend on it.")
  var threads: Int = availableProcessors

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be from 1 to 1024, is \(threads)")
    }
    guard (0...1_000_000).contains(resamples), resamples != 1 else {
      throw ValidationError("--resamples must be 0, or from 2 to 1000000, is \(resamples)")
    }
  }

  func run() throws {
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let annotations = try COCOAnnotations(contentsOf: groundTruth)
    let (problem, notes) = try DetectionProblem.coco(
      annotations, COCODetections(contentsOf: detections, for: annotations), comparing: type)
    for note in notes { Log.warning(note) }
    let meter =
      resamples > 0 ? ProgressMeter("intervals", total: resamples, unit: "resamples") : nil
    defer { meter?.finish() }
    let accuracy = try DetectionAccuracy(
      problem, categories: annotations.categories.map { ($0.id, $0.name) }, resamples: resamples,
      pool: pool
    ) { meter?.advance(by: $0) }
    meter?.finish()
    guard !json else { return try StandardOutput.json(accuracy.json) }
    try StandardOutput.write(accuracy.text(width: StandardOutput.width))
  }
}

extension DetectionProblem.Shape: ExpressibleByArgument {}
