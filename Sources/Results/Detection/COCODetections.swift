import Support

/// What a detector found, as a JSON file of results in COCO's layout has it.
package struct COCODetections: Sendable {
  /// The file.
  package let path: String
  /// The detections, in the order of the file.
  package private(set) var entries: [DetectionProblem.Detection] = []
  let file: MappedFile
  private let annotations: COCOAnnotations
  private let imageIndices: [Int: Int32]
  private let categoryIndices: [Int: Int32]

  /// Whether the size of a detection is that of its box.
  ///
  /// As in COCO's tools, the first detection decides for all: with a box, sizes are those of boxes, also where
  /// masks are scored; without, those of masks.
  package var isSizedByBoxes: Bool { entries.first.map { $0.box != nil } ?? true }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: of a JSON list of objects with `image_id`, `category_id`, `score`, and `bbox` or `segmentation`.
  ///   - annotations: the ground truth, which lists the images and categories.
  /// - Throws: `InputError` that names the detection and the rule that it breaks, also for an image that is not listed.
  package init(contentsOf path: String, for annotations: COCOAnnotations) throws {
    self.path = path
    self.annotations = annotations
    imageIndices = annotations.imageIndices
    categoryIndices = annotations.categoryIndices
    file = try MappedFile(path)
    file.advise(isSequential: true)
    try withExtendedLifetime(file) { try read() }
  }

  /// How messages name a detection.
  func subject(_ index: Int) -> String {
    let image = annotations.images[Int(entries[index].image)].id
    return "\(FileNameText.visible(path)), detection \(index + 1) of image \(image)"
  }

  private mutating func read() throws {
    var json = unsafe JSONPull(file.bytes, subject: FileNameText.visible(path))
    try json.refuseEmpty()
    guard try json.openArray() else {
      throw InputError(
        FileNameText.visible(path), "is no list of detections",
        "give results in COCO's layout: [{\"image_id\": …, \"category_id\": …, \"bbox\": …, \"score\": …}]"
      )
    }
    while try json.nextElement() {
      entries.append(try readEntry(&json))
      if entries.count == COCOFile.sample {
        entries.reserveCapacity(COCOFile.estimate(json.position, of: file))
      }
    }
    try json.end()
    // What is read again, masks, is read from the file again.
    file.release(0..<file.count)
    guard entries.count < Int(Int32.max) else {
      throw InputError(FileNameText.visible(path), "holds \(entries.count) detections, too many")
    }
  }

  private static let keys: [COCOKey] = [.imageID, .categoryID, .score, .box, .segmentation]

  private func readEntry(_ json: inout JSONPull) throws -> DetectionProblem.Detection {
    var item = COCOItem("detection", at: entries.count, of: path)
    var entry = DetectionProblem.Detection()
    var image = 0
    guard try json.openObject() else { throw item.error("is no object") }
    while let key = try item.next(Self.keys, &json) {
      switch key {
      case .imageID: image = try item.whole(key, &json)
      case .categoryID: entry.category = categoryIndices[try item.whole(key, &json)] ?? -1
      case .score: entry.score = try item.real(key, &json)
      case .box: entry.box = try item.box(key, &json)
      default:
        entry.place = json.position
        try json.skip()
      }
    }
    try item.require([.imageID, .categoryID, .score])
    guard let index = imageIndices[image] else {
      throw item.error(
        "is of image \(image), which the ground truth does not have",
        "score against the ground truth of these images")
    }
    entry.image = index
    guard entry.box != nil || entry.place >= 0 else {
      throw item.error("has neither a bbox nor a segmentation")
    }
    return entry
  }
}
