import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct ImageFolderTests {
  private let folder = TemporaryFolder()

  private func write(_ names: [String]) throws {
    for (number, name) in names.enumerated() {
      let image = noisePicture(width: 5, height: 4, seed: UInt64(number))
      try DatasetFiles.write([UInt8](encodePNG(image)), folder, name)
    }
  }

  @Test func readsGivenSplits() throws {
    try write([
      "train/cat/b.png", "train/cat/a.PNG", "train/ant/deep/c.png", "train/ant/.hidden.png",
      "train/ant/notes.txt", "val/cat/d.png", "val/ant/d.png", "test/cat/e.png", "test/ant/f.png",
    ])
    let dataset = try openDataset("folder:\(folder.path)")
    #expect(dataset.classes == ["ant", "cat"])
    #expect(dataset.splitSizes == ["train": 3, "validation": 2, "test": 2])
    #expect(
      (0..<3).map { dataset.train.exampleID(at: $0) } == [
        "train/ant/deep/c.png", "train/cat/a.PNG", "train/cat/b.png",
      ])
    #expect(dataset.train.labels == [0, 1, 1])
    #expect(try dataset.train.image(at: 2) == noisePicture(width: 5, height: 4, seed: 0))
  }

  @Test func valIsTheTestSplitWhenThereIsNoOther() throws {
    try write(["train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png"])
    let dataset = try openDataset("folder:\(folder.path)")
    #expect(dataset.splitSizes == ["train": 2, "test": 2])
    #expect(dataset.id.hasSuffix("(val is the test split)"))
  }

  @Test func splitsByItselfAndSaysSo() throws {
    try write((0..<30).map { "\($0 % 3)/\($0).png" })
    let specification = "folder:\(folder.path)"
    let dataset = try openDataset(specification)
    #expect(dataset.splitSizes == ["train": 24, "test": 6])
    #expect(dataset.id.hasSuffix("(24/6 split with seed 0)"))
    #expect(dataset.test.labels == [0, 0, 1, 1, 2, 2])
    let ids = { (split: any ImageSplit) in (0..<split.count).map { split.exampleID(at: $0) } }
    #expect(Set(ids(dataset.train)).union(ids(dataset.test)).count == 30)
    let again = try openDataset(specification)
    #expect(ids(again.test) == ids(dataset.test) && again.fingerprint == dataset.fingerprint)
    let other = try openDataset(specification + "?seed=1")
    #expect(ids(other.test) != ids(dataset.test) && other.fingerprint != dataset.fingerprint)
    #expect(try openDataset(specification + "?test=0.5").splitSizes == ["train": 15, "test": 15])
  }

  @Test func fingerprintFollowsContents() throws {
    try write(["train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png"])
    let specification = "folder:\(folder.path)"
    let first = try openDataset(specification).fingerprint
    let quick = try openDataset(specification + "?fingerprint=sizes").fingerprint
    #expect(first != quick)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("val/a/2.png"))))
    bytes[bytes.count - 1] ^= 1
    try DatasetFiles.write(bytes, folder, "val/a/2.png")
    #expect(try openDataset(specification).fingerprint != first)
    #expect(try openDataset(specification + "?fingerprint=sizes").fingerprint == quick)
  }

  @Test func badFoldersAreNamed() throws {
    let specification = "folder:\(folder.path)"
    expectInputError("no class folders") { _ = try openDataset(specification) }
    try write(["train/a/1.png", "val/a/1.png"])
    try FileManager.default.createDirectory(
      atPath: folder.file("train/b"), withIntermediateDirectories: true)
    expectInputError("train/b", "holds no pictures") { _ = try openDataset(specification) }
    try write(["train/b/1.png"])
    #expect(try openDataset(specification).test.labels == [0])
    try write(["val/b/1.png", "val/c/1.png"])
    expectInputError("val/c", "training classes") { _ = try openDataset(specification) }
  }

  @Test func aTruncatedPictureIsNamedWhenItIsRead() throws {
    try write(["train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"])
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("train/b/1.png"))))
    try DatasetFiles.write(Array(bytes.dropLast(20)), folder, "train/b/1.png")
    let dataset = try openDataset("folder:\(folder.path)")
    let error = #expect(throws: InputError.self) { try dataset.train.image(at: 1) }
    let line = error?.errorDescription ?? ""
    #expect(line.contains("train/b/1.png") && line.contains("ends early"))
    #expect(error?.endsRun == true)
  }
}
