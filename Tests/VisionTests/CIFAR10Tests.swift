import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct CIFAR10Tests {
  private let folder = TemporaryFolder()

  private func writeBatches() throws {
    try DatasetFiles.write(
      DatasetFiles.cifarRecords([3, 9, 0], from: 10), folder, "data_batch_10.bin")
    try DatasetFiles.write(DatasetFiles.cifarRecords([7, 1]), folder, "data_batch_2.bin")
    try DatasetFiles.write(DatasetFiles.cifarRecords([5]), folder, "test_batch.bin")
  }

  @Test func readsBatchesInTheOrderOfTheirNumbers() throws {
    try writeBatches()
    let dataset = try openDataset("cifar10:\(folder.path)")
    #expect(dataset.train.labels == [7, 1, 3, 9, 0])
    #expect(dataset.test.labels == [5])
    #expect(dataset.splitSizes == ["train": 5, "test": 1])
    #expect(dataset.train.exampleID(at: 3) == "data_batch_10.bin:1")
    let image = try dataset.train.image(at: 3)
    #expect(
      image == Image(width: 32, height: 32, pixels: (0..<1024).flatMap { _ in [11, 12, 13] }))
    #expect(dataset.classes.count == 10)
  }

  @Test func fingerprintFollowsEveryByte() throws {
    try writeBatches()
    let first = try openDataset("cifar10:\(folder.path)").fingerprint
    #expect(try openDataset("cifar10:\(folder.path)").fingerprint == first)
    var records = DatasetFiles.cifarRecords([5])
    records[3072] ^= 1
    try DatasetFiles.write(records, folder, "test_batch.bin")
    #expect(try openDataset("cifar10:\(folder.path)").fingerprint != first)
  }

  @Test func readsClassNames() throws {
    try writeBatches()
    let names = "abcdefghij".map { "class \($0)" }
    try DatasetFiles.write(
      Array((names.joined(separator: "\r\n") + "\n\n").utf8), folder, "batches.meta.txt")
    #expect(try openDataset("cifar10:\(folder.path)").classes == names)
    try DatasetFiles.write(Array("one\ntwo".utf8), folder, "batches.meta.txt")
    expectInputError("batches.meta.txt", "10") { _ = try openDataset("cifar10:\(folder.path)") }
  }

  @Test func badFilesAreNamed() throws {
    let specification = "cifar10:\(folder.path)"
    expectInputError("data_batch_1.bin") { _ = try openDataset(specification) }
    try writeBatches()
    try DatasetFiles.write(
      DatasetFiles.cifarRecords([1, 2]).dropLast(), folder, "data_batch_3.bin")
    expectInputError("data_batch_3.bin", "6145", "3073") { _ = try openDataset(specification) }
    try DatasetFiles.write([], folder, "data_batch_3.bin")
    expectInputError("data_batch_3.bin", "0 bytes") { _ = try openDataset(specification) }
    try DatasetFiles.write(DatasetFiles.cifarRecords([1, 10]), folder, "data_batch_3.bin")
    expectInputError("data_batch_3.bin", "record 1", "label 10") {
      _ = try openDataset(specification)
    }
    try FileManager.default.removeItem(atPath: folder.file("data_batch_3.bin"))
    try FileManager.default.removeItem(atPath: folder.file("test_batch.bin"))
    expectInputError("test_batch.bin") { _ = try openDataset(specification) }
  }

  @Test(.enabled(if: RealData.has("cifar10"), "the cifar10 data are not on this machine"))
  func readsTheOriginalPixels() throws {
    let dataset = try openDataset("cifar10:\(try #require(RealData.folder("cifar10")))")
    #expect(dataset.splitSizes == ["train": 2400, "test": 600])
    #expect(Array(dataset.train.labels[..<5]) == [6, 9, 9, 4, 1])
    for (split, each) in [(dataset.train, 240), (dataset.test, 60)] {
      #expect(Dictionary(grouping: split.labels) { $0 }.values.allSatisfy { $0.count == each })
    }
    // Read with NumPy: image 7, row 3, column 5; last image, row 31, column 0.
    let seventh = try dataset.train.image(at: 7).pixels
    #expect(Array(seventh[(3 * 32 + 5) * 3..<(3 * 32 + 5) * 3 + 3]) == [62, 64, 64])
    let last = try dataset.train.image(at: 2399).pixels
    #expect(Array(last[31 * 96..<31 * 96 + 3]) == [141, 142, 133])
    #expect(dataset.classes[6] == "frog")
  }

  @Test(.enabled(if: RealData.has("cifar10-jpeg"), "the cifar10-jpeg data are not on this machine"))
  func readsTheLargerCopy() throws {
    let dataset = try openDataset("cifar10:\(try #require(RealData.folder("cifar10-jpeg")))")
    #expect(dataset.splitSizes == ["train": 10000, "test": 2000])
    #expect(dataset.id == "cifar10:cifar10-jpeg")
    var sums = [0, 0, 0]
    for index in 0..<dataset.train.count {
      let pixels = try dataset.train.image(at: index).pixels
      for sample in stride(from: 0, to: pixels.count, by: 3) {
        for channel in 0..<3 { sums[channel] += Int(pixels[sample + channel]) }
      }
    }
    // The channels' means, computed with NumPy.
    for (sum, mean) in zip(sums, [125.15164844, 122.82849268, 113.741071]) {
      #expect(abs(Double(sum) / 10_240_000 - mean) < 1e-6)
    }
  }
}
