import ArgumentParser

/// `unmask score`: predictions that any program made, scored without an encoder.
struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Score detections or label maps that any program made.",
    discussion: """
      Example: unmask score coco --ground-truth instances_val2017.json --detections boxes.json
      Example: unmask score segmentation --ground-truth labels --predictions maps --classes 150

      Needs no encoder and no Python; every number comes with an interval.
      """,
    subcommands: [ScoreCOCO.self, ScoreSegmentation.self])
}
