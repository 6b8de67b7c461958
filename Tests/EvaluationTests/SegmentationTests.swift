import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing
import Vision

/// Pictures of two colours, side by side; the map says which is where, with a rim that belongs to no class.
private struct Halves: ImageSplit {
  let count: Int
  var width = 24
  var height = 16
  /// What the map calls the right half.
  var right: UInt8 = 1
  /// Whether nothing has a class.
  var isBlank = false

  func label(at index: Int) -> Int { 0 }
  func exampleID(at index: Int) -> String { "halves \(count):\(index)" }

  private func isRight(_ pixel: Int, _ index: Int) -> Bool {
    (pixel % width >= width / 2) != (index % 2 == 1)
  }

  func image(at index: Int) -> Image {
    Image(width: width, height: height) { pixels in
      for pixel in 0..<width * height {
        let level: UInt8 = isRight(pixel, index) ? 220 : 30
        for channel in 0..<3 { pixels[3 * pixel + channel] = level }
      }
    }
  }

  func annotation(at index: Int) -> Annotation {
    Annotation(
      labelMap: LabelMap(
        width: width, height: height,
        labels: (0..<width * height).map { pixel in
          guard !isBlank, pixel / width > 1 else { return Annotation.ignored }
          return isRight(pixel, index) ? right : 0
        }))
  }
}

private func halves(_ test: Halves = Halves(count: 10)) -> Dataset {
  Dataset(
    id: "halves", classes: ["any"], annotations: [.labelMap],
    mapClasses: ["dark", "bright", "none"],
    fingerprint: "halves \(test.right) \(test.isBlank)", train: Halves(count: 40), test: test)
}

@Suite("Segmentation")
struct SegmentationTests {
  private let folder = TemporaryFolder()

  private func result(
    _ subject: EvaluationSubject, _ dataset: Dataset, _ settings: [String] = ["epochs=12"],
    threads: Int = 2, folder: TemporaryFolder? = nil
  ) throws -> TaskResult {
    try run(
      task("segmentation", settings), on: subject, dataset,
      cache: FeatureCache(folder: (folder ?? self.folder).path), threads: threads)
  }

  @Test(
    "Colours are told apart at every pixel that has a class",
    arguments: ["random:vit-tiny/4@16", "pixels", "random:resnet20@32"])
  func learns(source: String) throws {
    let subject = try EvaluationSubject.load(source, seed: 0)
    let result = try result(subject, halves(), ["epochs=30", "learning_rates=[0.01, 0.03]"])
    #expect(result.status == .ok && result.headline == "miou_present")
    // One colour everywhere would be right at half of the pixels, a mean IoU of 0.25.
    let accuracy = try #require(result.metrics["aacc"]).value
    let overlap = try #require(result.metrics["miou_present"]).value
    #expect(accuracy > 0.8 && overlap > 0.5, "\(accuracy), \(overlap)")
    // The third class is nowhere, unless it is predicted.
    #expect(result.perClass.map(\.name) == ["dark", "bright", "none"])
    let pixels = try #require(result.predictions?["labelled_pixels"]?.doubles)
    #expect(pixels == [Double](repeating: 24 * 14, count: 10))
    #expect(result.dataset?.classes == 3)
    #expect(result.features?.resolved.hasSuffix("of the whole picture") == true)
    #expect(result.hyperparameters?.chosenOn == "validation (8 of 40 training images)")
    let tried = try #require(result.details["search"]?.array)
    #expect(tried.count == 2 && tried.allSatisfy { $0["validation_miou_present"]?.double != nil })
  }

  @Test("Scenes: better than guessing the ground, and the same bits for 1, 2 and 3 threads")
  func scenes() throws {
    let data = try openDataset("scenes:?train=150&test=60")
    let subject = try EvaluationSubject.load("random:vit-tiny/4@32", seed: 0)
    let results = try [1, 2, 3].map { threads in
      let folder = TemporaryFolder()
      var result = try result(
        subject, data, ["epochs=6", "learning_rates=[0.01]"], threads: threads, folder: folder)
      result.timing = nil
      return result
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    #expect(results[0].perClass.count == 11 && results[0].perClass[0].name == "ground")
    #expect(results[0].hyperparameters?.chosenOn == "fixed")
    // All ground: its IoU over eleven classes.
    let ground = try #require(results[0].perClass[0].metric).value
    #expect(try #require(results[0].metrics["miou_present"]).value > ground / 11)
  }

  @Test("Ids beyond the classes, maps without a class and data without maps are one line each")
  func refusals() throws {
    let subject = try smallSubject()
    func line(_ dataset: Dataset) -> String {
      do {
        _ = try result(subject, dataset, ["epochs=1", "learning_rates=[0.01]"])
        return "no error"
      } catch { return (error as? InputError)?.errorDescription ?? "\(error)" }
    }
    #expect(
      line(halves(Halves(count: 10, right: 3))).contains(
        "halves 10:0: its label map has id 3, the classes are 0 to 2, and 255 for none"))
    #expect(line(halves(Halves(count: 10, isBlank: true))).contains("no pixel of the 10 pictures"))
    #expect(line(syntheticDataset()).contains("nothing says the label map of its images"))
    #expect(throws: InputError.self) { try task("segmentation", ["learning_rates=[]"]) }
    #expect(throws: InputError.self) { try task("segmentation", ["epoch=3"]) }
  }

  @Test("Where all tasks are asked for, data without maps is skipped with the reason")
  func skipped() throws {
    var plan = EvaluationPlan(
      checkpoints: ["pixels"], tasks: try TaskCatalog.load(["all"]), output: folder.path)
    plan.tasks.removeAll { $0.kind != "segmentation" }
    #expect(plan.tasks.count == 1)
    plan.data = "synthetic"
    plan.open = { _ in syntheticDataset() }
    let found = try EvaluationRun.run(plan)[0].results
    #expect(found[0].status == .skipped)
    #expect(found[0].error?.contains("nothing says the label map") == true)
  }
}
