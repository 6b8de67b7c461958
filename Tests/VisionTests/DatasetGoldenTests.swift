import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

/// Data sets as others leave them on the disk; written by `Tests/Goldens/dataset_files.py`.
struct DatasetGoldenTests {
  private static let root = packageFolder + "/Tests/Goldens/datasets"

  private static let specifications = [
    ("cifar10", "cifar10:\(root)"), ("cifar10", "cifar10:\(root)/cifar-10-batches-py"),
    ("cifar100", "cifar100:\(root)"),
    ("cifar100?labels=coarse", "cifar100:\(root)/cifar-100-python?labels=coarse"),
    ("keras", "npz:\(root)/keras.npz"), ("medmnist", "npz:\(root)/medmnist.npz"),
    ("webdataset", "webdataset:\(root)/webdataset"),
  ]

  private func digest(_ split: any ImageSplit) throws -> String {
    SHA256.hex(
      of: Data(try (0..<split.count).flatMap { index in try split.image(at: index).pixels }))
  }

  @Test(arguments: specifications)
  func readsWhatOthersWrote(_ golden: (name: String, specification: String)) throws {
    let dataset = try openDataset(golden.specification)
    let cases = try JSON.parse(contentsOf: Self.root + "/cases.json")
    let expected = try #require(cases["cases"]?[golden.name])
    #expect(dataset.train.labels == expected["train"]?.array?.compactMap { $0.int })
    #expect(dataset.test.labels == expected["test"]?.array?.compactMap { $0.int })
    #expect(
      dataset.validation?.labels == expected["validation"]?.array?.compactMap { $0.int })
    if let classes = expected["classes"]?.array {
      #expect(dataset.classes == classes.compactMap { $0.string })
    }
    #expect(try digest(dataset.train) == (try expected.text("train_pixels")))
    #expect(try digest(dataset.test) == (try expected.text("test_pixels")))
    #expect(try openDataset(golden.specification).fingerprint == dataset.fingerprint)
  }

  @Test func binaryAndPickledCIFARAreTheSamePictures() throws {
    let folder = TemporaryFolder()
    let pickled = try openDataset("cifar100:\(Self.root)")
    // Binary records: coarse label, fine label, samples.
    func planes(_ image: Image) -> [UInt8] {
      (0..<3).flatMap { channel in
        stride(from: channel, to: image.pixels.count, by: 3).map { image.pixels[$0] }
      }
    }
    for (name, split) in pickled.splits {
      let records = try (0..<split.count).flatMap { index in
        [UInt8(3), UInt8(split.label(at: index))] + planes(try split.image(at: index))
      }
      try DatasetFiles.write(records, folder, "\(name).bin")
    }
    for (kind, count) in [("fine", 100), ("coarse", 20)] {
      let names = (0..<count).map { "\(kind) \($0)\n" }.joined()
      try DatasetFiles.write(Array(names.utf8), folder, "\(kind)_label_names.txt")
    }
    let binary = try openDataset("cifar100:\(folder.path)")
    #expect(binary.train.labels == pickled.train.labels)
    #expect(binary.classes == pickled.classes)
    #expect(try binary.train.image(at: 1) == pickled.train.image(at: 1))
    #expect(try openDataset("cifar100:\(folder.path)?labels=coarse").train.labels == [3, 3])
    try DatasetFiles.write([3, 100] + [UInt8](repeating: 0, count: 3072), folder, "test.bin")
    expectInputError("test.bin", "label 100", "0…99") {
      _ = try openDataset("cifar100:\(folder.path)")
    }
  }

  /// A pickle that calls something is refused, never executed; other damage is one line too.
  @Test func badBatchesAreNamed() throws {
    let folder = TemporaryFolder()
    let source = Self.root + "/cifar-10-batches-py/"
    for name in ["data_batch_1", "test_batch", "batches.meta"] {
      let bytes = try Data(contentsOf: URL(fileURLWithPath: source + name))
      try DatasetFiles.write([UInt8](bytes), folder, name)
    }
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: source + "test_batch")))
    for length in stride(from: 0, to: whole.count, by: 97) {
      try DatasetFiles.write(Array(whole.prefix(length)), folder, "test_batch")
      expectInputError("test_batch") { _ = try openDataset("cifar10:\(folder.path)") }
    }
    let shell = Array("cos\nsystem\n(S'true'\ntR.".utf8)
    try DatasetFiles.write(shell, folder, "test_batch")
    expectInputError("test_batch") { _ = try openDataset("cifar10:\(folder.path)") }
    try DatasetFiles.write(Array("N.".utf8), folder, "test_batch")
    expectInputError("test_batch", "no pickled dictionary") {
      _ = try openDataset("cifar10:\(folder.path)")
    }
  }

  /// A flipped bit of an archive is found by its checksum, stored or deflated.
  @Test(arguments: ["keras", "medmnist"])
  func damagedArchivesAreRefused(_ name: String) throws {
    let folder = TemporaryFolder()
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.root)/\(name).npz")))
    var bytes = whole
    // In the elements of the first array: after the local header and NumPy's.
    bytes[250] ^= 4
    try DatasetFiles.write(bytes, folder, "x.npz")
    expectInputError("x.npz") { _ = try openDataset("npz:\(folder.path)/x.npz") }
    for length in stride(from: 0, to: whole.count, by: 61) {
      try DatasetFiles.write(Array(whole.prefix(length)), folder, "x.npz")
      expectInputError("x.npz") { _ = try openDataset("npz:\(folder.path)/x.npz") }
    }
  }

  @Test func badShardsAreNamed() throws {
    let folder = TemporaryFolder()
    let path = Self.root + "/webdataset/shard-train-000000.tar"
    let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    try DatasetFiles.write(whole, folder, "train-0.tar")
    let alone = try openDataset("webdataset:\(folder.path)")
    #expect(alone.id.hasSuffix("(2/1 split with seed 0)"))
    for length in stride(from: 0, to: 3000, by: 200) {
      try DatasetFiles.write(Array(whole.prefix(length)), folder, "train-0.tar")
      expectInputError(folder.path) { _ = try openDataset("webdataset:\(folder.path)") }
    }
    try DatasetFiles.write(DatasetFiles.gzip(whole), folder, "train-0.tar")
    expectInputError("train-0.tar", "compressed") {
      _ = try openDataset("webdataset:\(folder.path)")
    }
  }

  @Test func readsSTL10() throws {
    let folder = TemporaryFolder()
    let size = 3 * 96 * 96
    for (name, label) in [("train", UInt8(10)), ("test", 1)] {
      // Sample = 3 × column + row + channel, stored plane by plane, column by column.
      let samples = (0..<size).map { place -> UInt8 in
        let (channel, column, row) = (place / 9216, place % 9216 / 96, place % 96)
        return UInt8(truncatingIfNeeded: 3 * column + row + channel)
      }
      try DatasetFiles.write(samples, folder, "stl10_binary/\(name)_X.bin")
      try DatasetFiles.write([label], folder, "stl10_binary/\(name)_y.bin")
    }
    let names = (0..<10).map { "class \($0)\n" }.joined()
    try DatasetFiles.write(Array(names.utf8), folder, "stl10_binary/class_names.txt")
    let dataset = try openDataset("stl10:\(folder.path)")
    #expect(dataset.train.labels == [9] && dataset.test.labels == [0])
    let pixels = try dataset.train.image(at: 0).pixels
    #expect(Array(pixels[3 * (5 * 96 + 7)..<3 * (5 * 96 + 7) + 3]) == [26, 27, 28])
    try DatasetFiles.write([0], folder, "stl10_binary/test_y.bin")
    expectInputError("test_y.bin", "label 0", "1…10") {
      _ = try openDataset("stl10:\(folder.path)")
    }
  }

  @Test(arguments: [
    ("cifar-10-batches-py", "cifar10"), ("", "cifar10"), ("cifar-100-python", "cifar100"),
    ("keras.npz", "npz"), ("medmnist.npz", "npz"), ("webdataset", "webdataset"),
  ])
  func aBarePathSaysWhatItLooksLike(_ golden: (path: String, kind: String)) throws {
    let path = golden.path.isEmpty ? Self.root : Self.root + "/" + golden.path
    #expect(datasetKind(of: path)?.kind == golden.kind)
    expectInputError("kind of data set is missing", "\(golden.kind):\(path)") {
      _ = try openDataset(path)
    }
    #expect(DatasetDescription.isMeant(by: path))
    if golden.path.hasPrefix("cifar") {
      expectInputError("it looks like \(golden.kind)") { _ = try openDataset("folder:\(path)/") }
    }
  }

  @Test(
    arguments: [
      ("train.parquet", Array("PAR1xxxxxxxxxxxx".utf8), "Parquet"),
      ("data-00000-of-00001.arrow", Array("ARROW1\0\0xxxx".utf8), "Arrow"),
      ("x.h5", [0x89] + Array("HDF\r\n\u{1a}\n".utf8), "HDF5"),
      ("train_32x32.mat", Array("MATLAB 5.0 MAT-file, Platform".utf8), "MATLAB"),
      ("a.zip", [0x50, 0x4b, 3, 4] + [UInt8](repeating: 0, count: 40), "zip"),
      ("train.tfrecord-00000", [1, 2, 3, 4], "TFRecord"), ("data.mdb", [0, 0, 0, 0], "LMDB"),
      ("a.tar.gz", [0x1f, 0x8b, 8, 0], "gzipped"),
    ] as [(String, [UInt8], String)])
  func foreignContainersAreNamed(_ golden: (name: String, bytes: [UInt8], what: String)) throws {
    let folder = TemporaryFolder()
    try DatasetFiles.write(golden.bytes, folder, golden.name)
    for text in [folder.path, "folder:\(folder.path)", folder.file(golden.name)] {
      expectInputError(golden.what, golden.name) { _ = try openDataset(text) }
    }
  }
}
