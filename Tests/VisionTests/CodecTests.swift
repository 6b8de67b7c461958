import Foundation
import Support
import TestSupport
import Testing

@testable import Vision

struct CodecTests {
  private static let files = [
    "rgb8.png", "grey8.png", "grey1.png", "grey2.png", "grey16.png", "palette4.png", "rgba8.png",
    "grey_alpha8.png", "rgb16.png", "interlaced.png", "interlaced_palette.png",
    "palette_transparent.png", "rgb_transparent.png", "baseline444.jpg", "baseline420.jpg",
    "baseline422.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "rotated_by_exif.jpg",
  ]

  @Test(arguments: files)
  func decodesAsPillow(_ file: String) throws {
    let decoded = try readImage(VisionGoldens.path(file))
    let expected = try VisionGoldens.picture(
      file.replacingOccurrences(of: ".", with: "_") + ".npy")
    let difference = Difference(decoded, expected)
    // JPEG leaves the last bit to the library's version; PNG leaves nothing open.
    #expect(difference.greatest <= (file.hasSuffix("jpg") ? 1 : 0), "\(difference)")
  }

  @Test func allGoldensAreTested() throws {
    let listed = try VisionGoldens.cases("codecs").array?.compactMap { $0["file"]?.string } ?? []
    #expect(Set(listed) == Set(Self.files))
  }

  @Test func labelMapsKeepTheirIndices() throws {
    let path = VisionGoldens.path("interlaced_palette.png")
    let map = try decodeLabelMap(try Data(contentsOf: URL(fileURLWithPath: path)), from: path)
    let expected = try NumPyArray(VisionGoldens.path("palette_labels.npy"))
    #expect([map.height, map.width] == expected.shape)
    #expect(map.labels == expected.withBytes { Array($0) })
    expectInputError("rgb8.png", "palette") {
      let path = VisionGoldens.path("rgb8.png")
      _ = try decodeLabelMap(try Data(contentsOf: URL(fileURLWithPath: path)), from: path)
    }
  }

  @Test(arguments: [(1, 1), (7, 3), (64, 64), (301, 2)])
  func pngRoundTrip(_ size: (Int, Int)) throws {
    let image = noisePicture(width: size.0, height: size.1)
    #expect(try decodeImage(encodePNG(image), from: "round trip") == image)
    let map = LabelMap(
      width: size.0, height: size.1,
      labels: image.pixels.enumerated().compactMap { $0 % 3 == 0 ? $1 : nil })
    #expect(try decodeLabelMap(encodePNG(map), from: "round trip") == map)
  }

  @Test(arguments: files.filter { $0.hasSuffix("png") })
  func everyTruncationIsAnError(_ file: String) throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: VisionGoldens.path(file)))
    // The last bytes are IEND; without them the pixels are whole, yet the file is not.
    for length in 0..<whole.count where length % max(1, whole.count / 150) == 0 {
      expectInputError("cut.\(file)") {
        _ = try decodeImage(whole.prefix(length), from: "cut.\(file)")
      }
    }
  }

  /// A JPEG may lack its last blocks; what is there is what the whole file holds.
  @Test(arguments: files.filter { $0.hasSuffix("jpg") })
  func aCutJPEGIsAnErrorOrThePictureToThatPlace(_ file: String) throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: VisionGoldens.path(file)))
    let image = try readImage(VisionGoldens.path(file))
    for length in 0..<whole.count where length % max(1, whole.count / 150) == 0 {
      do {
        let part = try decodeImage(whole.prefix(length), from: "cut.\(file)")
        let rows = image.height / 4
        #expect(
          part.pixels.prefix(rows * image.width * 3) == image.pixels.prefix(rows * image.width * 3))
        #expect(length > whole.count / 2)
      } catch { #expect(error is InputError) }
    }
  }

  /// A chunk of text that unpacks a thousandfold is not unpacked at all.
  @Test func textInAPNGIsNotUnpacked() throws {
    let image = noisePicture(width: 4, height: 4)
    let png = [UInt8](encodePNG(image))
    var chunk: [UInt8] = Array("zTXtkey".utf8) + [0, 0] + [UInt8](repeating: 7, count: 2000)
    let length = UInt32(chunk.count - 4)
    let sum = crc32(chunk)
    chunk = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + chunk
    chunk += (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) }
    let bytes = Array(png[..<33]) + chunk + Array(png[33...])
    #expect(try decodeImage(Data(bytes), from: "text.png") == image)
  }

  @Test func damageIsAnErrorOrAPicture() throws {
    var random = SystemlessRandom(state: 5)
    for file in Self.files {
      let whole = try Data(contentsOf: URL(fileURLWithPath: VisionGoldens.path(file)))
      for _ in 0..<60 {
        var bytes = [UInt8](whole)
        for _ in 0..<3 {
          bytes[Int.random(in: 8..<bytes.count, using: &random)] = UInt8.random(
            in: 0...255, using: &random)
        }
        do { _ = try decodeImage(Data(bytes), from: file) } catch { #expect(error is InputError) }
      }
    }
  }

  @Test func liesAboutTheSizeAreRefused() throws {
    var png = [UInt8](encodePNG(noisePicture(width: 4, height: 4)))
    png.replaceSubrange(16..<24, with: [0, 0, 0x3f, 0xff, 0, 0, 0x0f, 0xff])
    repairHeader(&png)
    expectInputError("lie.png", "16383x4095", "bytes") {
      _ = try decodeImage(Data(png), from: "lie.png")
    }
    png.replaceSubrange(16..<24, with: [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 1])
    repairHeader(&png)
    expectInputError("lie.png") { _ = try decodeImage(Data(png), from: "lie.png") }

    let path = VisionGoldens.path("baseline420.jpg")
    var jpeg = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let frame = try #require(
      jpeg.indices.dropLast().first { jpeg[$0] == 0xff && jpeg[$0 + 1] == 0xc0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x1f, 0xff, 0x1f, 0xff])
    expectInputError("lie.jpg", "8191x8191", "bytes") {
      _ = try decodeImage(Data(jpeg), from: "lie.jpg")
    }
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xff, 0xff, 0xff, 0xff])
    expectInputError("lie.jpg") { _ = try decodeImage(Data(jpeg), from: "lie.jpg") }
  }

  @Test func otherFilesAreNamed() {
    expectInputError("a.gif", "unusable GIF") {
      _ = try decodeImage(Data("GIF89a, as it were".utf8), from: "a.gif")
    }
    expectInputError("a.png", "empty") { _ = try decodeImage(Data(), from: "a.png") }
    expectInputError("absent.png") { _ = try readImage("/absent.png") }
  }
}

/// Restores the checksum of a PNG file's first chunk (CRC-32 of ISO 3309).
private func repairHeader(_ png: inout [UInt8]) {
  let sum = crc32(png[12..<29])
  png.replaceSubrange(
    29..<33, with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> (24 - 8 * $0)) })
}
