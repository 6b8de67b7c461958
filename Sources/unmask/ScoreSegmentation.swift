import ArgumentParser
import Evaluation
import Reporting
import Results
import Support

/// `unmask score segmentation`: mean IoU and accuracy of label maps.
struct ScoreSegmentation: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segmentation",
    abstract: "Mean IoU and accuracy of predicted label maps, as mmsegmentation computes them.",
    discussion: """
      Example: unmask score segmentation --ground-truth labels --predictions maps --classes 150

      Both folders hold PNG files of the same names, grey or with a palette: a number from 0 to classes − 1 for each \
      pixel. Classes that neither labels nor predictions have are left out of the mean.
      """)

  @Option(help: "The folder of the label maps.")
  var groundTruth: String

  @Option(help: "The folder of the predictions.")
  var predictions: String

  @Option(help: "How many classes there are: numbers from 0.")
  var classes: Int

  @Option(help: "The number of pixels that are not scored; 255 if not given and no class.")
  var ignore: Int?

  @Option(help: "Worker threads; all cores if not given. Results do not depend on it.")
  var threads: Int = availableProcessors

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (1...256).contains(classes) else {
      throw ValidationError("--classes must be from 1 to 256, is \(classes)")
    }
    if let ignore, !(0...255).contains(ignore) {
      throw ValidationError("--ignore must be from 0 to 255, is \(ignore)")
    }
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be from 1 to 1024, is \(threads)")
    }
  }

  func run() throws {
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let folders = try LabelMapFolders(labels: groundTruth, predictions: predictions)
    if let first = folders.unlabelled.first {
      Log.warning(
        "\(FileNameText.visible(predictions)): \(folders.unlabelled.count) predictions have no label map "
          + "and are not scored; the first is \(FileNameText.visible(first))")
    }
    let meter = ProgressMeter("scoring", total: folders.names.count, unit: "images")
    defer { meter.finish() }
    let accuracy = try folders.accuracy(
      classes: classes, ignoring: (ignore ?? (classes < 256 ? 255 : nil)).map { UInt8($0) },
      pool: pool
    ) { meter.advance(by: $0) }
    meter.finish()
    guard !json else { return try StandardOutput.json(accuracy.json) }
    try StandardOutput.write(accuracy.text(width: StandardOutput.width))
  }
}
