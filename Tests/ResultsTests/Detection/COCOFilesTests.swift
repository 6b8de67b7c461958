import Foundation
import Support
import TestSupport
import Testing

@testable import Results

/// What is refused, in which words, and what is read although it looks odd.
@Suite struct COCOFilesTests {
  private let folder = TemporaryFolder()
  private static let image = #"{"id": 1, "width": 20, "height": 10}"#
  private static let object =
    #"{"id": 4, "image_id": 1, "category_id": 2, "bbox": [1, 1, 5, 5], "area": 25, "iscrowd": 0, "segmentation": [[1, 1, 1, 6, 6, 6, 6, 1]]}"#
  private static let found =
    #"{"image_id": 1, "category_id": 2, "bbox": [1, 1, 5, 5], "score": 0.5}"#

  private func write(_ text: String, _ name: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    return folder.file(name)
  }

  private func truth(
    images: String = image, objects: String = object, categories: String = #"{"id": 2}"#
  ) -> String {
    #"{"images": ["# + images + #"], "annotations": ["# + objects + #"], "categories": ["#
      + categories + "]}"
  }

  /// AP of files with the given texts.
  private func score(
    _ truth: String, _ found: String, _ shape: DetectionProblem.Shape
  ) throws -> (value: Double, notes: [String]) {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let annotations = try COCOAnnotations(contentsOf: write(truth, "truth.json"))
    let (problem, notes) = try DetectionProblem.coco(
      annotations, COCODetections(contentsOf: write(found, "found.json"), for: annotations),
      comparing: shape)
    let accuracy = try DetectionAccuracy(
      problem, categories: annotations.categories.map { ($0.id, $0.name) }, resamples: 0,
      pool: pool)
    return (accuracy.scores[0].value, notes)
  }

  private func refusal(
    _ truth: String, _ found: String, _ shape: DetectionProblem.Shape = .boxes
  ) throws -> String {
    let error = try #require(throws: InputError.self) { try score(truth, found, shape) }
    let line = Log.line(for: error)
    #expect(!line.contains("\n"))
    return line
  }

  @Test func theSmallestFilesScore() throws {
    #expect(try score(truth(), "[\(Self.found)]", .boxes).value > 1 - 1e-12)
    #expect(try score(truth(), "[\(Self.found)]", .masks).value > 1 - 1e-12)
    let none = try score(truth(), "[]", .boxes)
    #expect(none.value == 0 && none.notes.count == 1)
    #expect(try score(truth(objects: ""), "[\(Self.found)]", .boxes).value == -1)
    #expect(try score(truth(images: "", objects: ""), "[]", .boxes).value == -1)
  }

  @Test(arguments: [
    ("\"id\": 4,", "", "has no id"),
    ("\"id\": 4", "\"id\": 1.5", "id must be a whole number of 64 bits, is 1.5"),
    ("\"id\": 4", "\"id\": 9223372036854775808", "id must be a whole number"),
    ("\"id\": 4", "\"id\": \"4\"", "id must be a whole number"),
    ("\"id\": 4", "\"id\": 4, \"id\": 5", "has the key id twice"),
    ("\"area\": 25,", "", "annotation 4: has no area"),
    ("\"area\": 25", "\"area\": NaN", "(id 4): area must be a finite number, is NaN"),
    ("\"area\": 25", "\"area\": 1e400", "area must be a finite number, is 1e400"),
    ("\"iscrowd\": 0,", "", "annotation 4: has no iscrowd"),
    ("\"iscrowd\": 0", "\"iscrowd\": 2", "iscrowd must be 0 or 1, is 2"),
    ("[1, 1, 5, 5]", "[1, 1, 5]", "four finite numbers"),
    ("[1, 1, 5, 5]", "[1, 1, 5, 5, 5]", "four finite numbers"),
    ("[1, 1, 5, 5]", "[]", "annotation 4: has no bbox"),
    ("\"image_id\": 1,", "", "has no image_id"),
    ("\"category_id\": 2", "\"category_id\": null", "category_id must be a whole number"),
  ])
  func annotationsThatBreakARuleAreNamed(old: String, new: String, words: String) throws {
    let line = try refusal(
      truth(objects: Self.object.replacingOccurrences(of: old, with: new)), "[\(Self.found)]")
    #expect(line.contains(words) && line.contains("truth.json, annotation"), "\(line)")
  }

  @Test(arguments: [
    ("0.5", "NaN", "score must be a finite number, is NaN"),
    ("0.5", "\"0.5\"", "score must be a finite number"),
    ("0.5", "-Infinity", "score must be a finite number, is -Infinity"),
    (", \"score\": 0.5", "", "has no score"),
    ("\"image_id\": 1", "\"image_id\": 8", "is of image 8, which the ground truth does not have"),
    ("\"bbox\": [1, 1, 5, 5], ", "", "has neither a bbox nor a segmentation"),
    ("[1, 1, 5, 5]", "{}", "bbox must be [x, y, width, height]"),
  ])
  func detectionsThatBreakARuleAreNamed(old: String, new: String, words: String) throws {
    let line = try refusal(
      truth(), "[\(Self.found), \(Self.found.replacingOccurrences(of: old, with: new))]")
    #expect(line.contains(words) && line.contains("found.json, detection 2"), "\(line)")
  }

  @Test(arguments: [
    ("[[1, 1, 1, 6]]", "4 coordinates; it needs an x and a y for each of at least three points"),
    ("[[1, 1, 1, 6, 6, 6, 6]]", "7 coordinates"), ("[]", "its segmentation is an empty list"),
    ("[1, 2, 3, 4, 5, 6]", "must be a list of polygons"),
    ("[[1, 1, 1, 6, 6, 1e300]]", "too far away"), ("\"x\"", "neither a list of polygons nor runs"),
    ("{\"size\": [10, 20]}", "has no counts"), ("{\"counts\": \"0\"}", "has no size"),
    ("{\"size\": [10, 20], \"counts\": [100, 50]}", "fall short of its 10×20 pixels"),
    ("{\"size\": [10, 20], \"counts\": [100, 101]}", "exceed its 10×20 pixels"),
    ("{\"size\": [10, 20], \"counts\": [300, -100]}", "exceed its 10×20 pixels"),
    ("{\"size\": [10, 20], \"counts\": [-1, 201]}", "a negative length"),
    ("{\"size\": [10, 20], \"counts\": [1.5]}", "no whole number"),
    ("{\"size\": [20, 10], \"counts\": [200]}", "is of 20×10 pixels"),
    (
      "{\"size\": [1099511627776, 1099511627776], \"counts\": [200]}",
      "masks of 1099511627776×1099511627776 pixels"
    ),
  ])
  func masksThatBreakARuleAreNamed(shape: String, words: String) throws {
    let objects = Self.object.replacingOccurrences(of: "[[1, 1, 1, 6, 6, 6, 6, 1]]", with: shape)
    let line = try refusal(truth(objects: objects), "[\(Self.found)]", .masks)
    #expect(line.contains(words) && line.contains("truth.json, annotation 4: "), "\(line)")
    // Boxes do not need it.
    #expect(try score(truth(objects: objects), "[\(Self.found)]", .boxes).value > 1 - 1e-12)
  }

  @Test func anImageOfAnySizeCostsNothing() throws {
    let huge = #"{"id": 1, "width": 1099511627776, "height": 1099511627776}"#
    #expect(try score(truth(images: huge), "[\(Self.found)]", .boxes).value > 1 - 1e-12)
    let line = try refusal(truth(images: huge), "[\(Self.found)]", .masks)
    #expect(line.contains("or more than the 2147483647 that are read"))
    let none = try refusal(truth(images: #"{"id": 1, "width": 5}"#), "[\(Self.found)]", .masks)
    #expect(none.contains("its image has no height"))
  }

  @Test func idsThatOccurTwiceAreRefused() throws {
    for (line, words) in [
      (
        try refusal(truth(images: Self.image + "," + Self.image), "[]"),
        "id 1 occurs twice among the images"
      ),
      (
        try refusal(truth(objects: Self.object + "," + Self.object), "[]"),
        "id 4 occurs twice among the annotations"
      ),
      (
        try refusal(truth(categories: #"{"id": 2}, {"id": 2}"#), "[]"),
        "id 2 occurs twice among the categories"
      ),
    ] {
      #expect(line.contains(words), "\(line)")
    }
  }

  @Test func whatIsNotListedIsNotScoredButTold() throws {
    let other = Self.object.replacingOccurrences(of: "\"id\": 4", with: "\"id\": 5")
      .replacingOccurrences(of: "\"image_id\": 1", with: "\"image_id\": 7")
    let stray = Self.found.replacingOccurrences(
      of: "\"category_id\": 2", with: "\"category_id\": 9")
    let empty = Self.found.replacingOccurrences(of: "5, 5]", with: "0, 5]")
    let (value, notes) = try score(
      truth(objects: Self.object + "," + other), "[\(Self.found), \(stray), \(empty)]", .boxes)
    #expect(value > 1 - 1e-12 && notes.count == 3)
    #expect(
      notes[0].contains("1 annotations are of images or categories") && notes[0].contains("5"))
    #expect(notes[1].contains("the first is detection 2"))
    #expect(notes[2].contains("a box without width or height"))
  }

  @Test func theFirstDetectionDecidesWhatSizesAre() throws {
    let runs = #"{"size": [10, 20], "counts": "X6"}"#
    let masked = #"{"image_id": 1, "category_id": 2, "score": 0.4, "segmentation": "# + runs + "}"
    let line = try refusal(truth(), "[\(Self.found), \(masked)]")
    #expect(line.contains("detection 2 of image 1: has no bbox, which the first detection has"))
    let other = try refusal(truth(), "[\(masked), \(Self.found)]")
    #expect(other.contains("detection 2 of image 1: has no segmentation"))
  }

  @Test(arguments: [
    ("[]", "is no object with images"), ("{}", "has no list 'images'"),
    ("{\"images\": {}}", "'images' is no list"), ("", "is empty"), ("nul", "is no object"),
    ("{\"images\": [], \"images\": []}", "has the key images twice"),
    ("{\"images\": []} x", "ends early"),
  ])
  func textsThatAreNoGroundTruthAreRefused(text: String, words: String) throws {
    let path = try write(text, "truth.json")
    let error = try #require(throws: InputError.self) { try COCOAnnotations(contentsOf: path) }
    let line = Log.line(for: error)
    #expect(
      line.contains("truth.json") && (line.contains(words) || line.contains("JSON")), "\(line)")
  }

  /// Cut anywhere, a file is refused: none of its beginnings is whole.
  @Test func filesThatEndEarlyAreRefused() throws {
    let whole = truth()
    for length in 0..<whole.utf8.count {
      let path = try write(String(decoding: whole.utf8.prefix(length), as: UTF8.self), "truth.json")
      #expect(throws: InputError.self, "\(length) bytes") { try COCOAnnotations(contentsOf: path) }
    }
  }

  @Test func namesAndSizesAreRead() throws {
    let path = try write(
      truth(
        images:
          #"{"file_name": "a\u002fb.jpg", "id": 9.0, "height": 3, "width": 4, "more": [{"x": null}]}, {"id": -2}"#,
        objects: "", categories: #"{"id": 7, "name": "chair"}, {"id": 3}"#), "truth.json")
    let annotations = try COCOAnnotations(contentsOf: path)
    #expect(annotations.images.map(\.id) == [-2, 9])
    #expect(annotations.images[1].width == 4 && annotations.images[1].height == 3)
    #expect(annotations.fileName(of: annotations.images[1]) == "a/b.jpg")
    #expect(annotations.fileName(of: annotations.images[0]) == nil)
    #expect(annotations.categories.map(\.name) == ["3", "chair"])
  }
}
