import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct DatasetTests {
  @Test func mistypedSpecificationsAreExplained() {
    expectInputError("cifar1:x", "did you mean 'cifar10'?") { _ = try openDataset("cifar1:x") }
    expectInputError("'imagenet'", "scenes", "cifar10", "idx", "folder", "npy") {
      _ = try openDataset("imagenet:/data")
    }
    expectInputError("scenes?sied=64", "'sied'", "did you mean 'side'?") {
      _ = try openDataset("scenes?sied=64")
    }
    expectInputError("cifar10", "no option 'side'") { _ = try openDataset("cifar10:x?side=3") }
    expectInputError("'side'", "16…512", "'8'") { _ = try openDataset("scenes?side=8") }
    expectInputError("'side'") { _ = try openDataset("scenes?side=big") }
    expectInputError("name=value") { _ = try openDataset("scenes?side") }
    expectInputError("twice") { _ = try openDataset("scenes?side=32&side=64") }
    expectInputError("reads no path") { _ = try openDataset("scenes:here") }
    expectInputError("cifar10:FOLDER") { _ = try openDataset("cifar10") }
    expectInputError("/no/such/place") { _ = try openDataset("cifar10:/no/such/place") }
    expectInputError("kind of data set is missing") { _ = try openDataset("/tmp") }
    expectInputError("is a file") { _ = try openDataset("idx:\(packageFolder)/Package.swift") }
    expectInputError("fingerprint", "did you mean 'sizes'?") {
      _ = try openDataset("folder:/tmp?fingerprint=size")
    }
    expectInputError("no data set kind ''") { _ = try openDataset("") }
  }

  @Test func everyKindDescribesItself() {
    let kinds = allDatasets.map { $0.kind }
    #expect(Set(kinds).count == kinds.count)
    #expect(Set(kinds).isSuperset(of: ["scenes", "cifar10", "idx", "folder", "npy"]))
    for kind in allDatasets {
      #expect(!kind.summary.isEmpty)
      #expect(Set(kind.options.map { $0.name }).count == kind.options.count)
    }
  }

  @Test func limitsKeepTheProportionsOfTheClasses() throws {
    let dataset = try openDataset("scenes?train=1000&test=200")
    let limited = dataset.limited(to: 205)
    #expect(limited.splitSizes == ["train": 205, "test": 200])
    for label in 0..<10 {
      #expect((20...21).contains(limited.train.labels.count { $0 == label }))
    }
    #expect(limited.limit == 205 && dataset.limit == nil)
    #expect(limited.fingerprint != dataset.fingerprint)
    #expect(limited.fingerprint == dataset.limited(to: 205).fingerprint)
    #expect(limited.id.contains("205"))
    let index = try #require(limited.train.exampleID(at: 7).split(separator: ":").last)
    #expect(
      try limited.train.image(at: 7) == dataset.train.image(at: try #require(Int(index))))
    #expect(dataset.limited(to: 5000).fingerprint == dataset.fingerprint)
  }

  @Test func validationSplitsAreStratifiedAndStable() throws {
    let dataset = try openDataset("scenes?train=1003&test=10")
    let split = try dataset.validationSplit(fraction: 0.1, seed: 4)
    #expect(split.validation.count == 100 && split.fit.count == 903)
    #expect((split.fit + split.validation).sorted() == Array(0..<1003))
    for label in 0..<10 { #expect(split.validation.count { $0 % 10 == label } == 10) }
    #expect(try dataset.validationSplit(fraction: 0.1, seed: 4) == split)
    let other = try dataset.validationSplit(fraction: 0.1, seed: 5)
    #expect(other.validation != split.validation && other.hash != split.hash)
    // Not simply the first or last of each class.
    #expect(split.validation.contains { $0 < 500 } && split.validation.contains { $0 > 500 })
  }

  @Test func sharesFollowUnevenClasses() {
    let labels = Array(repeating: 0, count: 90) + Array(repeating: 2, count: 9) + [3]
    let (first, rest) = stratifiedSplit(labels: labels, first: 10, seed: 1, purpose: "test")
    #expect(first.count == 10 && rest.count == 90)
    #expect(first.count { labels[$0] == 0 } == 9 && first.count { labels[$0] == 2 } == 1)
    #expect(stratifiedSplit(labels: [], first: 0, seed: 1, purpose: "test").first.isEmpty)
    #expect(stratifiedSplit(labels: labels, first: 100, seed: 1, purpose: "test").rest.isEmpty)
  }
}
