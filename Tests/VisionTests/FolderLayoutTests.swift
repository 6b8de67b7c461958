import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Vision

/// The layouts of picture folders that people have.
struct FolderLayoutTests {
  private let folder = TemporaryFolder()
  private var specification: String { "folder:\(folder.path)" }

  private func write(_ names: [String]) throws {
    for (number, name) in names.enumerated() {
      let image = noisePicture(width: 5, height: 4, seed: UInt64(number))
      try DatasetFiles.write([UInt8](encodePNG(image)), folder, name)
    }
  }

  private func ids(_ split: any ImageSplit) -> [String] {
    (0..<split.count).map { split.exampleID(at: $0) }
  }

  // MARK: The order of classes

  @Test(
    arguments: [
      (["10", "2", "0", "1"], ["0", "1", "2", "10"], ["0", "1", "10", "2"]),
      (["007", "10", "08"], ["007", "08", "10"], ["007", "08", "10"]),
      (["2", "10", "1a"], ["10", "1a", "2"], ["10", "1a", "2"]),
      (
        ["99999999999999999999999", "100000000000000000000000", "3"],
        ["3", "99999999999999999999999", "100000000000000000000000"],
        ["100000000000000000000000", "3", "99999999999999999999999"]
      ),
      (["1", "01", "0"], ["0", "01", "1"], ["0", "01", "1"]),
      (["Zebra", "ant", "Ähre"], ["Zebra", "ant", "Ähre"], ["Zebra", "ant", "Ähre"]),
    ] as [([String], [String], [String])])
  func numbersAreInNumericOrder(_ golden: (names: [String], own: [String], text: [String])) throws {
    try write(golden.names.flatMap { ["\($0)/a.png", "\($0)/b.png"] })
    let dataset = try openDataset(specification)
    #expect(dataset.classes == golden.own)
    let areNumbers = golden.names.allSatisfy { $0.allSatisfy(\.isNumber) }
    #expect(dataset.reading.classOrder == (areNumbers ? .numbers : .text))
    // torchvision: sorted(names), by code points.
    let asText = try openDataset(specification + "?order=text")
    #expect(asText.classes == golden.text)
    #expect(asText.id.contains("?order=text"))
    #expect((asText.fingerprint == dataset.fingerprint) == (golden.own == golden.text))
  }

  @Test func anOrderThatCannotBeIsRefused() throws {
    try write(["a/1.png", "b/1.png"])
    expectInputError("order=numbers") { _ = try openDataset(specification + "?order=numbers") }
    expectInputError("'order'", "did you mean 'text'?") {
      _ = try openDataset(specification + "?order=texts")
    }
  }

  // MARK: Splits

  @Test(
    arguments: [
      (["train", "valid", "test"], "validation"), (["train", "validation", "test"], "validation"),
      (["train", "dev", "test"], "validation"), (["Training", "Val", "Testing"], "validation"),
      (["TRAIN", "DEV", "TEST"], "validation"), (["Train", "Test"], nil),
      (["train", "valid"], "(valid is the test split)"),
      (["train", "dev"], "(dev is the test split)"),
    ] as [([String], String?)])
  func splitsHaveManyNames(_ golden: (folders: [String], what: String?)) throws {
    try write(golden.folders.flatMap { ["\($0)/a/1.png", "\($0)/b/2.png"] })
    try write(["\(golden.folders[0])/a/3.png"])
    let dataset = try openDataset(specification)
    #expect(dataset.train.count == 3 && dataset.test.count == 2)
    #expect(ids(dataset.test).first == "\(golden.folders.last ?? "")/a/1.png")
    #expect((dataset.validation != nil) == (golden.what == "validation"))
    if let what = golden.what, what != "validation" { #expect(dataset.id.hasSuffix(what)) }
  }

  @Test(
    arguments: [
      (["val", "test"], ["no training split", "test/, val/"]),
      (["test"], ["no training split"]),
      (["train", "val", "images"], ["images/", "train/, val/", "none"]),
      (["train", "test", "extra", "labels"], ["extra/, labels/"]),
      (["train", "val", "valid"], ["two folders for the validation split"]),
      (["train", "Train", "test"], ["two folders for the train split"]),
    ] as [([String], [String])])
  func whatIsNotUnderstoodIsRefused(_ golden: (folders: [String], words: [String])) throws {
    try write(golden.folders.flatMap { ["\($0)/a/1.png", "\($0)/b/2.png"] })
    for word in golden.words { expectInputError(word) { _ = try openDataset(specification) } }
  }

  /// Kaggle's archives: splits under names of their own, or one folder further down.
  @Test func splitsThatWouldBeReadAsClassesAreRefused() throws {
    try write(["seg_train/a/1.png", "seg_train/b/1.png", "seg_test/a/1.png"])
    expectInputError("seg_test/, seg_train/", "look like splits") {
      _ = try openDataset(specification)
    }
    let outer = TemporaryFolder()
    let picture = [UInt8](encodePNG(noisePicture(width: 2, height: 2)))
    for name in ["data/train/a/1.png", "data/test/a/1.png"] {
      try DatasetFiles.write(picture, outer, name)
    }
    expectInputError("/data", "holds splits", "give this folder itself") {
      _ = try openDataset("folder:\(outer.path)")
    }
    #expect(try openDataset("folder:\(outer.path)/data").classes == ["a"])
    // Classes whose names hold such words, and one folder for all pictures, as in pretraining.
    let classes = TemporaryFolder()
    for name in ["train station/1.png", "test tube/1.png"] {
      try DatasetFiles.write(picture, classes, name)
    }
    #expect(try openDataset("folder:\(classes.path)").classes.count == 2)
  }

  @Test func aClassMayBeCalledTrain() throws {
    try write(["bus/1.png", "car/1.png", "train/1.png", "train/2.png"])
    #expect(try openDataset(specification).classes == ["bus", "car", "train"])
    // CamVid: splits of pictures, their annotations beside them.
    try write(["val/1.png", "test/1.png"])
    expectInputError("bus/, car/", "none") { _ = try openDataset(specification) }
    let flat = TemporaryFolder()
    let picture = [UInt8](encodePNG(noisePicture(width: 2, height: 2)))
    for name in ["train/1.png", "test/1.png"] { try DatasetFiles.write(picture, flat, name) }
    expectInputError("train", "no class folders") { _ = try openDataset("folder:\(flat.path)") }
  }

  @Test func aClassMayBeAbsentFromTesting() throws {
    try write(["train/a/1.png", "train/b/1.png", "train/c/1.png", "test/c/1.png"])
    try FileManager.default.createDirectory(
      atPath: folder.file("test/b"), withIntermediateDirectories: true)
    let dataset = try openDataset(specification)
    #expect(dataset.test.labels == [2] && dataset.classes.count == 3)
    #expect(dataset.reading.lines.contains { $0.contains("no pictures of 2 of 3 classes") })
    try write(["test/d/1.png"])
    expectInputError("test/d", "not among the training classes") {
      _ = try openDataset(specification)
    }
  }

  @Test func readsTinyImageNetAsUnzipped() throws {
    try write([
      "train/n01/images/n01_0.JPEG", "train/n02/images/n02_0.JPEG", "val/images/val_0.JPEG",
      "val/images/val_1.JPEG", "test/images/test_0.JPEG",
    ])
    let boxes = Array("n01_0.JPEG\t0\t0\t62\t57\n".utf8)
    try DatasetFiles.write(boxes, folder, "train/n01/n01_boxes.txt")
    let table = "val_1.JPEG\tn01\t0\t32\t44\t62\nval_0.JPEG\tn02\t52\t55\t57\t59\n"
    try DatasetFiles.write(Array(table.utf8), folder, "val/val_annotations.txt")
    try DatasetFiles.write(Array("n01\nn02\n".utf8), folder, "wnids.txt")
    let dataset = try openDataset(specification)
    #expect(dataset.classes == ["n01", "n02"])
    #expect(ids(dataset.test) == ["val/images/val_0.JPEG", "val/images/val_1.JPEG"])
    #expect(dataset.test.labels == [1, 0])
    #expect(dataset.id.hasSuffix("(val is the test split)"))
    #expect(dataset.reading.leftOut.text.contains("1 picture without a class in test/"))
    try DatasetFiles.write(Array("val_0.JPEG\tn03\n".utf8), folder, "val/val_annotations.txt")
    expectInputError("val_annotations.txt:1", "n03") { _ = try openDataset(specification) }
    try DatasetFiles.write(Array("val_9.JPEG\tn01\n".utf8), folder, "val/val_annotations.txt")
    expectInputError("val_annotations.txt:1", "val_9.JPEG") { _ = try openDataset(specification) }
  }

  // MARK: What lies among the pictures

  @Test func whatIsLeftOutIsCountedByEnding() throws {
    try write([
      "a/1.png", "a/2.PNG", "a/3.jpg", "a/4.jfif", "a/5.JPE", "a/6.webp", "a/7.tiff", "b/1.png",
    ])
    for name in ["a/notes.txt", "a/more/x.TXT", "b/y.heic", "b/README"] {
      try DatasetFiles.write([1, 2, 3], folder, name)
    }
    try write(["b/hidden-picture", "beside.png"])
    let dataset = try openDataset(specification)
    #expect(dataset.train.count + dataset.test.count == 8)
    let reading = dataset.reading
    #expect(
      reading.leftOut.counts == [
        ".txt": 2, ".heic": 1, "without ending": 2, "picture beside the class folders": 1,
      ])
    #expect(reading.leftOut.text.contains("without ending (PNG by content"))
    #expect(reading.lines == ["left out: \(reading.leftOut.text)"])
    try DatasetFiles.write([1], folder, "c/x.heic")
    expectInputError("/c", "only 1 .heic", "WebP") { _ = try openDataset(specification) }
  }

  @Test func litterAndHiddenFoldersAreIgnored() throws {
    try write([
      "a/1.png", "b/1.png", "b/2.png", "a/.thumbs/1.png", "a/__MACOSX/._1.png", "a/._1.png",
      "__MACOSX/a/._1.png", ".git/x.png", "a/@eaDir/1.png",
    ])
    for name in ["a/.DS_Store", "a/Thumbs.db", "b/desktop.ini"] {
      try DatasetFiles.write([1], folder, name)
    }
    try FileManager.default.createDirectory(
      atPath: folder.file("a/folder.png"), withIntermediateDirectories: true)
    let dataset = try openDataset(specification)
    #expect(dataset.classes == ["a", "b"])
    #expect(dataset.train.count + dataset.test.count == 3)
    #expect(dataset.reading.leftOut.isEmpty)
  }

  @Test func linksAreFollowedAndLoopsEnd() throws {
    try write(["data/a/1.png", "data/b/1.png", "elsewhere/2.png", "elsewhere/deep/3.png"])
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: folder.file("data/b/more"), withDestinationPath: "../../elsewhere")
    try files.createSymbolicLink(atPath: folder.file("data/c"), withDestinationPath: "a")
    try files.createSymbolicLink(atPath: folder.file("elsewhere/up"), withDestinationPath: "..")
    let dataset = try openDataset("folder:\(folder.file("data"))?test=0.2")
    #expect(dataset.classes == ["a", "b", "c"])
    // From elsewhere/up one comes to data/b/more again, which is on the way there.
    let all = Set(ids(dataset.train) + ids(dataset.test))
    #expect(
      all.isSuperset(of: [
        "data/a/1.png", "data/b/1.png", "data/b/more/2.png", "data/b/more/deep/3.png",
        "data/c/1.png",
      ]))
    #expect(dataset.reading.leftOut.counts["link to a folder above it"] != nil)
  }

  @Test func namesThatAreNoUTF8AreRead() throws {
    try write(["train/b/1.png", "test/b/1.png"])
    let picture = encodePNG(noisePicture(width: 5, height: 4, seed: 77))
    // Latin-1 "café" as a class, and "é.png" as a file.
    for split in ["train", "test"] {
      let name = Array("\(folder.path)/\(split)/caf".utf8) + [0xe9]
      mkdir(name.map { CChar(bitPattern: $0) } + [0], 0o755)
      let file = open(
        (name + [0x2f, 0xe9] + Array(".png".utf8)).map { CChar(bitPattern: $0) } + [0],
        O_WRONLY | O_CREAT, 0o644)
      try #require(file >= 0)
      picture.withUnsafeBytes { _ = Foundation.write(file, $0.baseAddress, $0.count) }
      close(file)
    }
    let dataset = try openDataset(specification)
    #expect(dataset.classes == ["b", "caf\\xE9"])
    #expect(ids(dataset.test) == ["test/b/1.png", "test/caf\\xE9/\\xE9.png"])
    #expect(try dataset.test.image(at: 1) == noisePicture(width: 5, height: 4, seed: 77))
  }

  @Test(arguments: [
    Array("plain".utf8), Array("é中🦊".utf8), [0xe9], [0xff, 0xfe, 0x41], [0xee, 0xbe, 0x80],
    [0xee, 0xbf, 0xbf, 0x20], [0xc3], [0xf0, 0x9f, 0xa6], [0xed, 0xa0, 0x80], Array("a\\xE9".utf8),
    [0xc0, 0x80], [0xe4, 0xb8, 0xad, 0xe9, 0x2e],
  ])
  func everyNameHasATextOfItsOwn(_ bytes: [UInt8]) {
    let text = FileNameText.text(of: bytes)
    #expect(FileNameText.bytes(of: text) == bytes)
    let other = FileNameText.text(of: Array(FileNameText.visible(text).utf8))
    #expect(FileNameText.visible(other) != FileNameText.visible(text) || other == text)
  }

  // MARK: Unreadable pictures

  @Test func unreadablePicturesAreLeftOutWhenAllowed() throws {
    try write((0..<6).flatMap { ["train/a/\($0).png", "train/b/\($0).png", "test/a/\($0).png"] })
    try DatasetFiles.write(Array("not a picture".utf8), folder, "train/b/3.png")
    try DatasetFiles.write([], folder, "test/a/5.png")
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let whole = try openDataset(specification)
    expectInputError("2 pictures cannot be read", "allows 1", "train/b/3.png") {
      _ = try whole.withoutUnreadable(atMost: 1, pool: pool)
    }
    let rest = try whole.withoutUnreadable(atMost: 2, pool: pool)
    #expect(rest.splitSizes == ["train": 11, "test": 5])
    #expect(rest.reading.unreadable == ["train/b/3.png", "test/a/5.png"])
    #expect(rest.fingerprint != whole.fingerprint && rest.id.hasSuffix("without 2 unreadable"))
    try write(["train/b/3.png", "test/a/5.png"])
    let mended = try openDataset(specification)
    #expect(try mended.withoutUnreadable(atMost: 0, pool: pool).fingerprint == mended.fingerprint)
  }

  // MARK: inspect

  @Test func aFolderIsDescribed() throws {
    try write(["train/0/1.png", "train/0/2.png", "train/10/1.png", "train/2/1.png", "val/2/1.png"])
    try DatasetFiles.write([1], folder, "train/0/x.txt")
    try DatasetFiles.write([1], folder, "train/0/broken.jpg")
    let description = try DatasetDescription(folder.path)
    let json = description.json
    #expect(json["kind"] == "folder" && json["class_order"] == "numbers")
    #expect(json["classes"] == ["0", "2", "10"])
    #expect(json["splits"] == ["train": 5, "test": 1])
    #expect(json["per_class"]?["test"] == [0, 1, 0])
    #expect(json["left_out"] == [".txt": 1])
    #expect(json["pictures"]?["width"] == [5, 5] && json["pictures"]?["formats"] == ["PNG": 5])
    #expect(json["pictures"]?["unreadable"]?.array?.count == 1)
    let text = description.lines(all: false).joined(separator: "\n")
    for words in ["train 5, test 1", "by number", "1 .txt", "2 classes absent", "broken.jpg"] {
      #expect(text.contains(words), "\(text)")
    }
  }
}
