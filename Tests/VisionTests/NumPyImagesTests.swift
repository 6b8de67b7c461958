import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct NumPyImagesTests {
  private let folder = TemporaryFolder()
  private let pixels = (0..<2 * 2 * 3 * 3).map { UInt8($0 * 7) }

  private func writeFiles(_ prefix: String = "", _ testLabels: [UInt8] = [0, 1]) throws {
    for split in ["train", "test"] {
      try DatasetFiles.write(
        DatasetFiles.npy("|u1", [2, 2, 3, 3], pixels), folder, "\(prefix)x_\(split).npy")
      try DatasetFiles.write(
        DatasetFiles.npy("|u1", [2], split == "train" ? [1, 0] : testLabels), folder,
        "\(prefix)y_\(split).npy")
    }
  }

  @Test func readsColourAndGrey() throws {
    try writeFiles()
    try DatasetFiles.write(
      DatasetFiles.npy("|u1", [2, 2, 3], Array(pixels[..<12])), folder, "x_test.npy")
    let dataset = try openDataset("npy:\(folder.path)")
    #expect(dataset.train.labels == [1, 0])
    #expect(try dataset.train.image(at: 1).pixels == Array(pixels[18...]))
    #expect(try dataset.test.image(at: 1).pixels == pixels[6..<12].flatMap { [$0, $0, $0] })
    #expect(dataset.validation == nil)
  }

  @Test func readsAPrefixAndAValidationSplit() throws {
    try writeFiles("toy_")
    try DatasetFiles.write(
      DatasetFiles.npy("|u1", [1, 2, 3, 3], Array(pixels[..<18])), folder, "toy_x_val.npy")
    try DatasetFiles.write(DatasetFiles.npy("|u1", [1, 1], [1]), folder, "toy_y_val.npy")
    let dataset = try openDataset("npy:\(folder.path)/toy_")
    #expect(dataset.validation?.labels == [1])
    #expect(dataset.id == "npy:toy_")
  }

  @Test(
    arguments: [
      ("<i8", [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], [0, -1]),
      (">i2", [1, 2, 255, 254], [258, -2]), ("<u2", [1, 2, 255, 254], [513, 65279]),
      (">u4", [0, 0, 1, 0, 0, 0, 0, 5], [256, 5]), ("|i1", [127, 128], [127, -128]),
      ("|b1", [0, 1], [0, 1]),
      ("<u8", [3, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], [3, Int.max]),
    ] as [(String, [UInt8], [Int])])
  func readsEveryKindOfWholeNumber(_ golden: (String, [UInt8], [Int])) throws {
    for version in 1...3 {
      let bytes = DatasetFiles.npy(golden.0, [2], golden.1, version: UInt8(version))
      try DatasetFiles.write(bytes, folder, "a.npy")
      let array = try NumPyArray(folder.file("a.npy"))
      #expect((0..<2).map { array.integer(at: $0) } == golden.2)
    }
  }

  @Test func readsWhatNumPyWrote() throws {
    let array = try NumPyArray(VisionGoldens.path("preprocessing_landscape.npy"))
    #expect(array.shape == [24, 24, 3])
    #expect(array.element == .unsigned(bytes: 1))
  }

  @Test(
    arguments: [
      ("<f4", [1], "type '<f4'"), ("|O", [1], "type '|O'"), ("|u1", [5], "(5)"),
      ("|u1", [1 << 40, 1 << 40], "1099511627776"), ("<i8", [1], "(1)"),
    ] as [(String, [Int], String)])
  func lyingHeadersAreRefused(_ lie: (String, [Int], String)) throws {
    try DatasetFiles.write(DatasetFiles.npy(lie.0, lie.1, [1, 2, 3, 4]), folder, "a.npy")
    expectInputError("a.npy", lie.2) { _ = try NumPyArray(folder.file("a.npy")) }
  }

  @Test func everyTruncationAndOrderIsAnError() throws {
    let whole = DatasetFiles.npy("|u1", [2, 3], [1, 2, 3, 4, 5, 6])
    for length in 0..<whole.count {
      try DatasetFiles.write(Array(whole[..<length]), folder, "a.npy")
      expectInputError("a.npy") { _ = try NumPyArray(folder.file("a.npy")) }
    }
    try DatasetFiles.write(
      DatasetFiles.npy("|u1", [2, 3], [1, 2, 3, 4, 5, 6], isFortranOrder: true), folder, "a.npy")
    expectInputError("a.npy", "Fortran") { _ = try NumPyArray(folder.file("a.npy")) }
  }

  @Test func damagedHeadersAreErrorsOrArrays() throws {
    var random = SystemlessRandom(state: 9)
    let whole = DatasetFiles.npy("|u1", [2, 3], [1, 2, 3, 4, 5, 6])
    for _ in 0..<500 {
      var bytes = whole
      for _ in 0..<2 {
        bytes[Int.random(in: 6..<80, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      try DatasetFiles.write(bytes, folder, "a.npy")
      do { _ = try NumPyArray(folder.file("a.npy")) } catch { #expect(error is InputError) }
    }
  }

  /// NumPy refuses these headers, and so do we.
  @Test(arguments: [
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), 'more': 1, }",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), } x",
    "{'descr': '|u1', 'shape': (2, 3), }", "{'descr': '|u1', 'fortran_order': 0, 'shape': (2, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (6)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': [2, 3]}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (-2, -3)}",
    "x{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3)}",
    "{'descr': '|u1' 'fortran_order': False, 'shape': (2, 3)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 03)}",
  ])
  func lenientHeadersAreRefused(_ header: String) throws {
    let text = Array((header + "\n").utf8)
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [1, 0] + DatasetFiles.littleEndian(UInt16(text.count)) + text
    try DatasetFiles.write(bytes + [1, 2, 3, 4, 5, 6], folder, "a.npy")
    expectInputError("a.npy", "header") { _ = try NumPyArray(folder.file("a.npy")) }
  }

  /// A label beyond every class is an error, not a crash, with and without `classes`.
  @Test func theGreatestLabelIsAnError() throws {
    try writeFiles()
    let greatest: [UInt8] = [UInt8](repeating: 255, count: 7) + [127]
    try DatasetFiles.write(
      DatasetFiles.npy("<i8", [2], greatest + [UInt8](repeating: 0, count: 8)), folder,
      "y_train.npy")
    let specification = "npy:\(folder.path)"
    expectInputError("y_train.npy", "9223372036854775807") { _ = try openDataset(specification) }
    expectInputError("y_train.npy", "9223372036854775807", "0…2") {
      _ = try openDataset(specification + "?classes=3")
    }
  }

  @Test func badLabelsAreNamed() throws {
    try writeFiles("", [0, 2])
    let specification = "npy:\(folder.path)"
    expectInputError("y_test.npy", "record 1", "label 2", "0…1") {
      _ = try openDataset(specification)
    }
    #expect(try openDataset(specification + "?classes=3").classes.count == 3)
    try DatasetFiles.write(DatasetFiles.npy("|i1", [2], [0, 255]), folder, "y_train.npy")
    expectInputError("y_train.npy", "label -1") { _ = try openDataset(specification) }
    try DatasetFiles.write(
      DatasetFiles.npy("<u4", [2], [0, 0, 0, 0, 0, 0, 0, 255]), folder, "y_train.npy")
    expectInputError("y_train.npy", "4278190080") { _ = try openDataset(specification) }
    try DatasetFiles.write(DatasetFiles.npy("|u1", [3], [0, 1, 1]), folder, "y_train.npy")
    expectInputError("y_train.npy", "2 pictures") { _ = try openDataset(specification) }
    try DatasetFiles.write(
      DatasetFiles.npy("|u1", [2, 18], pixels), folder, "x_train.npy")
    expectInputError("x_train.npy", "[2, 18]") { _ = try openDataset(specification) }
  }
}
