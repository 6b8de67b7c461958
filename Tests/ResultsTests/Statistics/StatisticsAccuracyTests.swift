import Foundation
import TestSupport
import Testing

@testable import Results

@Suite struct StatisticsAccuracyTests {
  @Test func accuraciesAgreeWithScikitLearn() throws {
    let golden = try StatisticsGoldens.section("accuracy")
    let labels = golden.numbers("labels").map { Int($0) }
    let scores = golden.numbers("scores").map { Float($0) }
    let classes = (0..<golden.integer("classes")).map { "class \($0)" }
    let accuracy = scores.withUnsafeBufferPointer {
      ClassificationAccuracy(
        ids: labels.indices.map { "test/\($0)" }, labels: labels, scores: $0, classes: classes)
    }
    for name in ["top1", "top5", "mean_per_class"] {
      let metric = try #require(accuracy.metrics[name])
      #expect(agree(metric.value, golden.number(name)), "\(name)")
      #expect(metric.interval.contains(metric.value) && metric.interval.width > 0)
      #expect(metric.count == labels.count)
    }
    for (result, expected) in zip(accuracy.perClass, golden.numbers("per_class")) {
      #expect(agree(try #require(result.metric).value, expected))
    }
  }

  @Test func equalScoresGoToTheLowerClass() {
    let scores: [Float] = [0.5, 0.5, 0.1, 0.5]
    scores.withUnsafeBufferPointer {
      #expect(bestClass($0) == 0)
      #expect(rank(of: 0, in: $0) == 0)
      #expect(rank(of: 1, in: $0) == 1)
      #expect(rank(of: 3, in: $0) == 2)
      #expect(rank(of: 2, in: $0) == 3)
    }
  }

  @Test func notANumberRanksLast() {
    let scores: [Float] = [.nan, 0.5, .nan]
    scores.withUnsafeBufferPointer {
      #expect(bestClass($0) == 1)
      #expect(rank(of: 1, in: $0) == 0)
      #expect(rank(of: 0, in: $0) == 1)
      #expect(rank(of: 2, in: $0) == 2)
    }
  }

  @Test func aClassWithoutExamplesHasNoAccuracy() throws {
    let accuracy = ClassificationAccuracy(
      ids: ["a", "b"], labels: [0, 0], predictions: [0, 2], classes: ["x", "y", "z"])
    #expect(accuracy.perClass.map { $0.metric?.value } == [0.5, nil, nil])
    #expect(accuracy.metrics["mean_per_class"]?.value == 0.5)
    #expect(accuracy.metrics["top5"] == nil)
  }
}
