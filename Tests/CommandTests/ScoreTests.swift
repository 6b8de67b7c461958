import Foundation
import Support
import TestSupport
import Testing
import Vision

/// `unmask score`, as a user types it.
struct ScoreTests {
  private let folder = TemporaryFolder()
  private static let truth = """
    {"images": [{"id": 1, "width": 64, "height": 64}, {"id": 2, "width": 64, "height": 64}],
     "categories": [{"id": 3, "name": "cat"}, {"id": 5, "name": "dog"}],
     "annotations": [
      {"id": 1, "image_id": 1, "category_id": 3, "bbox": [4, 4, 20, 20], "area": 400, "iscrowd": 0,
       "segmentation": [[4, 4, 4, 24, 24, 24, 24, 4]]},
      {"id": 2, "image_id": 2, "category_id": 3, "bbox": [30, 8, 20, 20], "area": 400, "iscrowd": 0,
       "segmentation": [[30, 8, 30, 28, 50, 28, 50, 8]]}]}
    """
  private static let found = """
    [{"image_id": 1, "category_id": 3, "bbox": [4, 4, 20, 20], "score": 0.9},
     {"image_id": 1, "category_id": 3, "bbox": [40, 40, 20, 20], "score": 0.8},
     {"image_id": 2, "category_id": 3, "bbox": [30, 8, 20, 20], "score": 0.7}]
    """

  private func file(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    return folder.file(name)
  }

  private func coco(
    _ truth: String = truth, _ found: String = found, more: [String] = []
  ) throws -> Program.Result {
    try Program.run(
      [
        "score", "coco", "--ground-truth", file("truth.json", truth), "--detections",
        file("found.json", found),
      ] + more)
  }

  @Test(arguments: ["bbox", "segm"])
  func detectionsAreScored(type: String) throws {
    let result = try coco(more: ["--type", type, "--json"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let json = try JSON.parse(Data(result.output.utf8), from: "output")
    // 51 levels of recall at a precision of 1, 50 at 2/3.
    let expected = (51 + 50 * 2.0 / 3) / 101
    #expect(abs((json["metrics"]?["AP"]?["value"]?.double ?? 0) - expected) < 1e-9)
    #expect(json["stats"]?.array?.count == 12 && json["stats"]?[4]?.double == -1)
    #expect(json["type"]?.string == type && json["images"]?.int == 2)
    #expect(json["per_class"]?[0]?["name"]?.string == "cat")
    #expect(json["per_class"]?[1]?["AP"]?.double == -1)
    let interval = try #require(json["metrics"]?["AP"]?["ci95"]?.array?.compactMap({ $0.double }))
    #expect(interval.count == 2 && interval[0] <= interval[1])
  }

  @Test func theTableNamesWhatItShows() throws {
    let result = try coco()
    #expect(result.code == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines[0] == "bbox: 2 images, 2 categories, 2 objects, 3 detections")
    let words = result.output.split { $0 == " " || $0 == "\n" }
    for name in ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "cat"] {
      #expect(words.contains { $0 == name }, "\(name)")
    }
    #expect(result.output.contains("0.8350") && result.output.contains("1,000 resamples"))
    #expect(result.output.contains("−1: no object of that category or size."))
    let plain = try coco(more: ["--resamples", "0"])
    #expect(plain.code == 0 && !plain.output.contains("resamples of the images"))
  }

  @Test func threadsDoNotMatter() throws {
    let outputs = try [1, 2, 3].map { try coco(more: ["--threads", "\($0)", "--json"]).output }
    #expect(outputs[0] == outputs[1] && outputs[0] == outputs[2])
  }

  @Test(arguments: [
    ("0.9", "NaN", "found.json, detection 1: score must be a finite number, is NaN"),
    ("\"image_id\": 2", "\"image_id\": 12", "found.json, detection 3: is of image 12"),
    ("0.7}]", "0.7}", "found.json: is not valid JSON: it ends early"),
    ("\"score\"", "\"scores\"", "found.json, detection 1: has no score"),
  ])
  func wrongDetectionsAreOneLine(old: String, new: String, words: String) throws {
    let result = try coco(Self.truth, Self.found.replacingOccurrences(of: old, with: new))
    #expect(result.code == 2 && result.errorLines.count == 1 && result.output.isEmpty)
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test func whatIsLeftOutIsTold() throws {
    let result = try coco(
      Self.truth,
      Self.found.replacingOccurrences(of: "3, \"bbox\": [40", with: "4, \"bbox\": [40"))
    #expect(result.code == 0 && result.errorLines.count == 1)
    #expect(result.errors.contains("warning: ") && result.errors.contains("detection 2"))
  }

  @Test(arguments: [
    (["coco", "--ground-truth", "a"], "--detections"),
    (["coco", "--type", "keypoints"], "keypoints"), (["segmentation"], "--ground-truth"),
    (["nonsense"], "nonsense"),
    (["coco", "--ground-truth", "absent.json", "--detections", "b"], "absent.json"),
    (
      ["segmentation", "--ground-truth", "absent", "--predictions", "b", "--classes", "3"],
      "absent: there is no such folder"
    ),
    (
      ["segmentation", "--ground-truth", "a", "--predictions", "b", "--classes", "300"],
      "--classes must be from 1 to 256, is 300"
    ),
    (
      [
        "segmentation", "--ground-truth", "a", "--predictions", "b", "--classes", "3", "--ignore",
        "-1",
      ], "--ignore"
    ),
  ])
  func wrongUsageIsOneLine(arguments: [String], words: String) throws {
    let result = try Program.run(["score"] + arguments, in: folder.path)
    #expect(result.code == 2 && result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test(arguments: ["coco", "segmentation"])
  func helpShowsAnExample(command: String) throws {
    let result = try Program.run(["score", command, "--help"])
    #expect(result.code == 0 && result.output.contains("Example: unmask score \(command) "))
  }

  // Label maps.

  /// Writes maps as grey PNG files; each digit is a pixel, `x` the number 255.
  private func maps(_ name: String, _ maps: [String: [String]]) throws -> String {
    for (file, rows) in maps {
      let pixels = rows.joined().utf8.map { $0 == UInt8(ascii: "x") ? 255 : $0 - 48 }
      try AtomicFile.write(
        greyPNG(width: rows[0].utf8.count, height: rows.count, pixels),
        to: folder.file("\(name)/\(file)"))
    }
    return folder.file(name)
  }

  private func segmentation(
    _ labels: [String: [String]], _ predictions: [String: [String]], more: [String] = []
  ) throws -> Program.Result {
    let arguments = [
      "score", "segmentation", "--ground-truth", try maps("labels", labels), "--predictions",
      try maps("maps", predictions),
    ]
    return try Program.run(
      arguments + (more.contains("--classes") ? [] : ["--classes", "4"]) + more)
  }

  /// The example of the protocol: IoU 1/3, 2/3, 0 and none.
  @Test func labelMapsAreScored() throws {
    let result = try segmentation(
      ["a.png": ["001"], "city/b.png": ["1x2"]], ["a.png": ["011"], "city/b.png": ["130"]],
      more: ["--json"])
    #expect(result.code == 0 && result.errors.isEmpty, "\(result.errors)")
    let json = try JSON.parse(Data(result.output.utf8), from: "output")
    let metrics = json["metrics"]
    #expect(abs((metrics?["miou_present"]?["value"]?.double ?? 0) - 1.0 / 3) < 1e-12)
    #expect(metrics?["macc_present"]?["value"]?.double == 0.5)
    #expect(metrics?["aacc"]?["value"]?.double == 0.6)
    #expect(json["images"]?.int == 2)
    #expect(json["per_class"]?[0]?["value"]?.double == 1.0 / 3)
    #expect(json["per_class"]?[3]?["value"]?.isNull == true)
    let table = try segmentation(
      ["a.png": ["001"], "city/b.png": ["1x2"]], ["a.png": ["011"], "city/b.png": ["130"]])
    #expect(table.output.hasPrefix("2 images, 5 labelled pixels, 3 of 4 classes\n"))
    #expect(table.output.contains("miou_present") && table.output.contains("33.33"))
    #expect(table.output.contains("absent"))
  }

  @Test func anyNumberMayBeIgnored() throws {
    let result = try segmentation(
      ["a.png": ["0011"]], ["a.png": ["2011"]], more: ["--ignore", "0", "--json"])
    #expect(result.code == 0, "\(result.errors)")
    let json = try JSON.parse(Data(result.output.utf8), from: "output")
    #expect(json["metrics"]?["miou_present"]?["value"]?.double == 1)
    #expect(json["per_class"]?[2]?["value"]?.isNull == true)
  }

  @Test func mapsThatDoNotFitAreOneLine() throws {
    let label = ["a.png": ["0011"], "b.png": ["0011"]]
    for (predictions, words) in [
      (["a.png": ["0011"]], "maps/b.png: there is no prediction for this label map"),
      (["a.png": ["0011"], "b.png": ["001"]], "b.png: is of 3×1 pixels, its label map of 4×1"),
      (
        ["a.png": ["0011"], "b.png": ["0015"]], "b.png: holds the number 5, the classes are 0 to 3"
      ),
      (["a.png": ["0011"], "b.png": ["001x"]], "b.png: holds the number 255"),
    ] {
      try? FileManager.default.removeItem(atPath: folder.file("maps"))
      let result = try segmentation(label, predictions)
      #expect(result.code == 2 && result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(words), "\(result.errors)")
    }
    let wrong = try segmentation(["a.png": ["0019"], "b.png": ["0011"]], label)
    #expect(wrong.code == 2 && wrong.errors.contains("labels/a.png: holds the number 9"))
    #expect(wrong.errors.contains("--ignore 9"))
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder.file("maps/b.png")))
    let broken = try Program.run([
      "score", "segmentation", "--ground-truth", folder.file("labels"), "--predictions",
      folder.file("maps"), "--classes", "10",
    ])
    #expect(broken.code == 2 && broken.errorLines.count == 1 && broken.errors.contains("b.png"))
  }

  @Test func predictionsWithoutLabelsAreTold() throws {
    let result = try segmentation(
      ["a.png": ["0011"]], ["a.png": ["0011"], "z.png": ["0011"]])
    #expect(result.code == 0 && result.errorLines.count == 1)
    #expect(result.errors.contains("warning: ") && result.errors.contains("z.png"))
  }
}

/// An uncompressed grey PNG file.
private func greyPNG(width: Int, height: Int, _ pixels: [UInt8]) -> Data {
  var file: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
  func word(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (24 - 8 * $0) & 255) } }
  func add(_ name: String, _ content: [UInt8]) {
    let body = Array(name.utf8) + content
    file += word(content.count) + body + word(Int(crc(body)))
  }
  add("IHDR", word(width) + word(height) + [8, 0, 0, 0, 0])
  var rows: [UInt8] = []
  for row in 0..<height {
    rows.append(0)
    rows += pixels[row * width..<(row + 1) * width]
  }
  let length = [UInt8(rows.count & 255), UInt8(rows.count >> 8)]
  var (a, b) = (1, 0)
  for byte in rows {
    a = (a + Int(byte)) % 65521
    b = (b + a) % 65521
  }
  let header: [UInt8] = [0x78, 1, 1] + length + length.map { ~$0 }
  add("IDAT", header + rows + word(b << 16 | a))
  add("IEND", [])
  return Data(file)
}

private func crc(_ bytes: [UInt8]) -> UInt32 {
  var sum = ~UInt32(0)
  for byte in bytes {
    sum ^= UInt32(byte)
    for _ in 0..<8 {
      let isOdd = sum & 1 == 1
      sum >>= 1
      if isOdd { sum ^= 0xEDB8_8320 }
    }
  }
  return ~sum
}
