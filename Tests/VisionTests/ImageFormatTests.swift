import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

/// Pictures of every kind, against what Pillow makes of them; written by `Tests/Goldens/vision_formats.py`.
struct ImageFormatTests {
  private static let folder = packageFolder + "/Tests/Goldens/formats/"
  private static let files =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
    .filter { !$0.hasSuffix(".json") }.sorted()

  private static func data(_ file: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: folder + file))
  }

  @Test func decodesAsPillow() throws {
    let list = try JSON.parse(contentsOf: Self.folder + "cases.json")
    let cases = try #require(list["cases"]?.array)
    #expect(cases.count == Self.files.count && cases.count > 100)
    for golden in cases {
      let file = try golden.text("file")
      let image = try readImage(Self.folder + file)
      let size = [try golden.whole("width"), try golden.whole("height")]
      #expect([image.width, image.height] == size, "\(file)")
      #expect(SHA256.hex(of: Data(image.pixels)) == (try golden.text("sha256")), "\(file)")
    }
  }

  /// The content says what a file is, not its name.
  @Test func namesDoNotMatter() throws {
    for file in ["lossy.webp", "be_strips.tif", "p6.ppm", "rgb.bmp", "palette.gif", "no_end.jpg"] {
      let image = try decodeImage(Self.data(file), from: "x.png")
      #expect(image == (try readImage(Self.folder + file)))
    }
  }

  @Test func cutFilesAreErrorsOrTheSamePicture() throws {
    for file in Self.files where !file.hasSuffix(".jpg") {
      let whole = try Self.data(file)
      let image = try readImage(Self.folder + file)
      for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 40)) {
        do {
          let part = try decodeImage(whole.prefix(length), from: file)
          // Bytes after the picture (palettes that are not used, ends, metadata) may be missing.
          #expect(part == image, "\(file) cut to \(length) of \(whole.count)")
        } catch { #expect(error is InputError) }
      }
    }
  }

  @Test func damageIsAnErrorOrAPicture() throws {
    var random = SystemlessRandom(state: 11)
    for file in Self.files {
      let whole = try Self.data(file)
      for _ in 0..<25 {
        var bytes = [UInt8](whole)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<min(bytes.count, 400), using: &random)
          bytes[place] =
            [0, 1, 127, 255, UInt8.random(in: 0...255, using: &random)].randomElement(
              using: &random) ?? 0
        }
        do { _ = try decodeImage(Data(bytes), from: file) } catch { #expect(error is InputError) }
      }
    }
  }

  @Test(arguments: ["short.jpg", "short_progressive.jpg", "short_restarts.jpg", "no_end.jpg"])
  func aJPEGWithoutMostOfItsBlocksIsRefused(_ file: String) throws {
    let whole = try Self.data(file)
    for share in [0.3, 0.5, 0.7] {
      expectInputError(file) {
        _ = try decodeImage(whole.prefix(Int(Double(whole.count) * share)), from: file)
      }
    }
  }

  @Test func damagedBlocksAreRefused() throws {
    // Bits turned over in the middle of the entropy-coded data of a file with restarts.
    var bytes = [UInt8](try Self.data("short_restarts.jpg"))
    let restart = try #require(
      bytes.indices.dropLast().first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xd0 })
    bytes[restart + 1] = 0xd5
    expectInputError("x.jpg", "unusable JPEG") { _ = try decodeImage(Data(bytes), from: "x.jpg") }
  }

  @Test(
    arguments: [
      ([0, 0, 0, 24] + Array("ftypheic".utf8), "HEIC"),
      ([0, 0, 0, 24] + Array("ftypavif".utf8), "AVIF"),
      ([0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20, 13, 10, 0x87, 10], "JPEG 2000"),
      (Array("<!DOCTYPE html><html>".utf8), "web page"),
      (Array("version https://git-lfs.github.com/spec/v1\n".utf8), "Git LFS"),
      (Array("8BPS".utf8), "Photoshop"), (Array("hello there, reader".utf8), "no picture"),
      ([], "empty"),
    ] as [([UInt8], String)])
  func otherFilesAreNamed(_ golden: (bytes: [UInt8], what: String)) {
    expectInputError("x.jpg", golden.what) {
      _ = try decodeImage(Data(golden.bytes), from: "x.jpg")
    }
  }

  /// Sizes in headers: more than the file can hold, in every format.
  @Test(arguments: [
    ("rgb.bmp", 18, 4, false), ("lossless.webp", 21, 4, false), ("palette.gif", 6, 4, false),
  ])
  func liesAboutTheSizeAreRefused(_ golden: (file: String, place: Int, count: Int, _: Bool)) throws
  {
    var bytes = [UInt8](try Self.data(golden.file))
    for index in 0..<golden.count { bytes[golden.place + index] = index == 3 ? 0x0f : 0xff }
    expectInputError(golden.file) { _ = try decodeImage(Data(bytes), from: golden.file) }
    let text = "P6 16384 16384 255\n" + String(repeating: "x", count: 1000)
    expectInputError("x.ppm", "16384x16384", "1019 bytes") {
      _ = try decodeImage(Data(text.utf8), from: "x.ppm")
    }
  }
}
