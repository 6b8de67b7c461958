import Results
import Support
import Tensors
import TestSupport
import Testing

/// Pixels, counted and scored.
@Suite struct SegmentationAccuracyTests {
  private let pool = WorkerPool(threads: 2)

  private func counts(
    _ labels: [Int], _ predictions: [Int], classes: Int
  ) -> SegmentationCounts {
    var counts = SegmentationCounts(classes: classes)
    for (label, prediction) in zip(labels, predictions) where label != 255 {
      counts.add(label: label, prediction: prediction)
    }
    return counts
  }

  /// Worked out by hand.
  @Test func aSmallPictureByHand() throws {
    let picture = counts([0, 0, 1, 1, 255, 2], [0, 1, 1, 1, 0, 0], classes: 4)
    #expect(picture.intersection == [1, 2, 0, 0] && picture.predicted == [2, 3, 0, 0])
    #expect(picture.labelled == [2, 2, 1, 0] && picture.union == [3, 3, 1, 0])
    let accuracy = try SegmentationAccuracy(
      ids: ["a"], counts: [picture], classes: ["w", "x", "y", "z"], pool: pool)
    #expect(abs((accuracy.metrics["miou_present"]?.value ?? 0) - 1.0 / 3) < 1e-12)
    #expect(accuracy.metrics["macc_present"]?.value == 0.5)
    #expect(accuracy.metrics["aacc"]?.value == 0.6)
    #expect(accuracy.perClass.map { $0.metric?.value } == [1.0 / 3, 2.0 / 3, 0, nil])
    #expect(SegmentationAccuracy.meanIoU([picture]).map { abs($0 - 1.0 / 3) < 1e-12 } == true)
  }

  /// NumPy, with the formulas of mmsegmentation's IoUMetric.
  @Test(arguments: ["all_classes", "absent_classes"])
  func scoresAreThoseOfMMSegmentation(name: String) throws {
    let golden = try Golden("segmentation_scores")
    let (images, classes) = (
      golden.integer("images", in: name), golden.integer("classes", in: name)
    )
    let pictures = (0..<images).map { image in
      counts(
        golden.tensor("map_\(image)", in: name).array.map { Int($0) },
        golden.tensor("prediction_\(image)", in: name).array.map { Int($0) }, classes: classes)
    }
    let names = (0..<classes).map { "class \($0)" }
    let accuracy = try SegmentationAccuracy(
      ids: (0..<images).map { "\($0)" }, counts: pictures, classes: names, pool: pool)
    let table = accuracy.predictions
    for (column, key) in [
      ("intersection", "intersection"), ("union", "union"), ("label_pixels", "label"),
    ] {
      #expect(table[column]?.doubles == golden.tensor(key, in: name).array.map { Double($0) })
    }
    for (metric, key) in [("miou_present", "miou"), ("macc_present", "macc"), ("aacc", "aacc")] {
      let value = try #require(accuracy.metrics[metric]?.value)
      #expect(abs(value - golden.number(key, in: name)) < 1e-12, "\(metric)")
    }
    let iou = golden.tensor("iou", in: name).array
    for (result, expected) in zip(accuracy.perClass, iou) {
      let value = result.metric?.value ?? -1
      #expect(abs(value - Double(expected)) < 1e-6, "\(result.name)")
    }
    #expect(iou.contains(-1) == (name == "absent_classes"))
  }

  @Test func intervalsCoverAndValuesFollowFromTheTable() throws {
    var random = RandomStream(seed: 3, purpose: "segmentation")
    let pictures = (0..<60).map { _ in
      let labels = (0..<80).map { _ in random.below(3) }
      return counts(labels, labels.map { random.below(4) == 0 ? random.below(3) : $0 }, classes: 3)
    }
    let ids = (0..<60).map { "\($0)" }
    let accuracy = try SegmentationAccuracy(
      ids: ids, counts: pictures, classes: ["a", "b", "c"], pool: pool)
    for (name, metric) in accuracy.metrics {
      let outcome = try #require(metric.outcome)
      let columns = try OutcomeColumns(outcome, of: accuracy.predictions, file: "table")
      #expect(abs(columns.value - metric.value) < 1e-12, "\(name)")
      #expect(metric.interval.low < metric.value && metric.value < metric.interval.high)
      #expect(metric.count == 60 && metric.standardError > 0)
    }
    // One class alone has a wider interval than their mean.
    let mean = try #require(accuracy.metrics["miou_present"])
    for result in accuracy.perClass {
      #expect((result.metric?.standardError ?? 0) > mean.standardError)
    }
    let one = WorkerPool(threads: 1)
    let again = try SegmentationAccuracy(
      ids: ids, counts: pictures, classes: ["a", "b", "c"], pool: one)
    #expect(again.metrics == accuracy.metrics && again.perClass == accuracy.perClass)
  }

  @Test func picturesWithoutLabelsAreRefused() {
    #expect(throws: InputError.self) {
      try SegmentationAccuracy(
        ids: ["a"], counts: [SegmentationCounts(classes: 2)], classes: ["a", "b"], pool: pool)
    }
  }
}
