import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct IDXTests {
  private let folder = TemporaryFolder()
  private let pixels = (0..<2 * 3 * 4).map { UInt8($0 * 10) }

  private func writeFiles(gzipped: Bool = false, trainLabels: [UInt8] = [2, 0]) throws {
    func write(_ bytes: [UInt8], _ name: String) throws {
      try DatasetFiles.write(
        gzipped ? DatasetFiles.gzip(bytes) : bytes, folder, gzipped ? name + ".gz" : name)
    }
    for prefix in ["train", "t10k"] {
      try write(DatasetFiles.idx([2, 3, 4], pixels), "\(prefix)-images-idx3-ubyte")
      let labels = prefix == "train" ? trainLabels : [1, 2]
      try write(DatasetFiles.idx([2], labels), "\(prefix)-labels-idx1-ubyte")
    }
  }

  @Test(arguments: [false, true])
  func readsPackedOrNot(_ gzipped: Bool) throws {
    try writeFiles(gzipped: gzipped)
    let dataset = try openDataset("idx:\(folder.path)")
    #expect(dataset.classes == ["0", "1", "2"])
    #expect(dataset.train.labels == [2, 0])
    #expect(dataset.test.labels == [1, 2])
    let image = try dataset.test.image(at: 1)
    #expect((image.width, image.height) == (4, 3))
    #expect(image.pixels == pixels[12...].flatMap { [$0, $0, $0] })
  }

  @Test func packingDoesNotChangeTheFingerprint() throws {
    try writeFiles()
    let plain = try openDataset("idx:\(folder.path)").fingerprint
    let other = TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
      try DatasetFiles.write(DatasetFiles.gzip(bytes), other, name + ".gz")
    }
    #expect(try openDataset("idx:\(other.path)").fingerprint == plain)
  }

  @Test(arguments: [
    (shape: [3, 3, 4], "3×3×4"), ([1, 3, 4], "1×3×4"), ([2, 3, 65535], "2×3×65535"),
    ([0xffff_ffff, 0xffff_ffff, 0xffff_ffff], "×"), ([2, 0, 4], "2×0×4"),
  ])
  func lyingHeadersAreRefused(_ lie: (shape: [Int], words: String)) throws {
    try writeFiles()
    let bytes = DatasetFiles.idx(lie.shape, pixels)
    try DatasetFiles.write(bytes, folder, "train-images-idx3-ubyte")
    expectInputError("train-images-idx3-ubyte", lie.words) {
      _ = try openDataset("idx:\(folder.path)")
    }
    try FileManager.default.removeItem(atPath: folder.file("train-images-idx3-ubyte"))
    try DatasetFiles.write(DatasetFiles.gzip(bytes), folder, "train-images-idx3-ubyte.gz")
    expectInputError("train-images-idx3-ubyte.gz") { _ = try openDataset("idx:\(folder.path)") }
  }

  @Test(arguments: [false, true])
  func everyTruncationIsAnError(_ gzipped: Bool) throws {
    try writeFiles(gzipped: gzipped)
    let name = "t10k-images-idx3-ubyte" + (gzipped ? ".gz" : "")
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
    for length in 0..<whole.count {
      try DatasetFiles.write(Array(whole[..<length]), folder, name)
      expectInputError(name) { _ = try openDataset("idx:\(folder.path)") }
    }
  }

  @Test func badPairsAreNamed() throws {
    let specification = "idx:\(folder.path)"
    expectInputError("train-images-idx3-ubyte") { _ = try openDataset(specification) }
    try writeFiles()
    try DatasetFiles.write(
      DatasetFiles.idx([3], [0, 1, 2]), folder, "train-labels-idx1-ubyte")
    expectInputError("train-labels-idx1-ubyte", "3 labels for 2 images") {
      _ = try openDataset(specification)
    }
    try DatasetFiles.write(
      DatasetFiles.idx([2, 3, 4], pixels), folder, "train-labels-idx1-ubyte")
    expectInputError("train-labels-idx1-ubyte", "mixed up") { _ = try openDataset(specification) }
    try writeFiles(trainLabels: [0, 1])
    expectInputError("t10k-labels-idx1-ubyte", "record 1", "label 2", "0…1") {
      _ = try openDataset(specification)
    }
    #expect(try openDataset(specification + "?classes=5").classes.count == 5)
  }

  /// Labels that unpack to far more than there are pictures are refused before they are unpacked.
  @Test func packedFilesUnpackToWhatHeadersJustify() throws {
    try writeFiles(gzipped: true)
    let specification = "idx:\(folder.path)"
    let labels = DatasetFiles.idx([1 << 31], [0, 1])
    try DatasetFiles.write(DatasetFiles.gzip(labels), folder, "train-labels-idx1-ubyte.gz")
    expectInputError("train-labels-idx1-ubyte.gz", "2147483648") {
      _ = try openDataset(specification)
    }
    let more = DatasetFiles.idx([2], [0, 1] + [UInt8](repeating: 0, count: 50_000))
    try DatasetFiles.write(DatasetFiles.gzip(more), folder, "train-labels-idx1-ubyte.gz")
    expectInputError("train-labels-idx1-ubyte.gz", "10 bytes") {
      _ = try openDataset(specification)
    }
    let pictures = DatasetFiles.idx([2, 16384, 16384], pixels)
    try DatasetFiles.write(DatasetFiles.gzip(pictures), folder, "train-images-idx3-ubyte.gz")
    expectInputError("train-images-idx3-ubyte.gz", "2×16384×16384") {
      _ = try openDataset(specification)
    }
  }

  @Test(arguments: ["raw", "FashionMNIST/raw", "gzip"])
  func findsTheFoldersThatOthersMake(_ inner: String) throws {
    try writeFiles()
    let outer = TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file(name))))
      try DatasetFiles.write(bytes, outer, "\(inner)/\(name)")
    }
    #expect(try openDataset("idx:\(outer.path)").train.labels == [2, 0])
    #expect(datasetKind(of: outer.path)?.kind == "idx")
  }

  @Test func readsEMNISTAndSaysThatItLiesOnItsSide() throws {
    func write(_ split: String) throws {
      for part in ["train", "test"] {
        let name = "EMNIST/raw/emnist-\(split)-\(part)"
        try DatasetFiles.write(
          DatasetFiles.idx([2, 3, 4], pixels), folder, "\(name)-images-idx3-ubyte")
        try DatasetFiles.write(DatasetFiles.idx([2], [1, 2]), folder, "\(name)-labels-idx1-ubyte")
      }
    }
    try write("letters")
    let dataset = try openDataset("idx:\(folder.path)")
    #expect(dataset.test.labels == [1, 2] && dataset.classes.count == 3)
    #expect(dataset.reading.remarks.contains { $0.contains("on their side") })
    // As torchvision: the samples as they are stored.
    #expect(try dataset.test.image(at: 0).pixels == pixels[..<12].flatMap { [$0, $0, $0] })
    try write("digits")
    expectInputError("several sets", "digits, letters", "?split=digits") {
      _ = try openDataset("idx:\(folder.path)")
    }
    #expect(try openDataset("idx:\(folder.path)?split=letters").id.hasSuffix("?split=letters"))
  }

  @Test(
    .enabled(if: RealData.has("fashion-mnist"), "the fashion-mnist data are not on this machine"))
  func readsFashionMNIST() throws {
    let dataset = try openDataset("idx:\(try #require(RealData.folder("fashion-mnist")))")
    #expect(dataset.splitSizes == ["train": 60000, "test": 10000])
    #expect(Array(dataset.train.labels[..<8]) == [9, 0, 0, 3, 0, 2, 7, 2])
    for label in 0..<10 { #expect(dataset.train.labels.count { $0 == label } == 6000) }
    // The mean that everybody normalises with: 0.2860.
    var sum = 0
    for index in 0..<dataset.train.count {
      let pixels = try dataset.train.image(at: index).pixels
      for sample in stride(from: 0, to: pixels.count, by: 3) { sum += Int(pixels[sample]) }
    }
    #expect(abs(Double(sum) / (255 * 60000 * 784) - 0.2860405969887955) < 1e-12)
  }
}
