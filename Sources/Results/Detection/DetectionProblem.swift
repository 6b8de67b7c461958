import Support

/// Objects and detections in images, and what is to be compared: all that matching needs.
package struct DetectionProblem: Sendable {
  /// What of an object and a detection is laid over each other.
  package enum Shape: String, CaseIterable, Sendable {
    /// The boxes.
    case boxes = "bbox"
    /// The masks.
    case masks = "segm"
  }

  /// An object that is there.
  struct Object: Sendable {
    /// Its image and category, from zero.
    var image: Int32
    var category: Int32
    var isCrowd: Bool
    /// Whether a match with it counts as none: in COCO's tools that of the object with id 0.
    var isUnnamed: Bool
    var box: DetectionBox
    var area: Double
    /// Its number in the list that shapes are read from.
    var entry: Int32
  }

  /// An object that is claimed.
  package struct Detection: Sendable {
    /// Its image, from zero.
    package var image: Int32 = 0
    /// Its category, from zero; -1 for one that is not scored.
    package var category: Int32 = -1
    /// How sure the detector is; any finite number.
    package var score = 0.0
    /// Nil where it is that of the mask.
    package var box: DetectionBox?
    /// Where its shape is read from, for the source of shapes; -1 if it has none.
    package var place = -1
  }

  let shape: Shape
  /// How many images and categories there are.
  let images: Int
  let categories: Int
  var objects: [Object] = []
  var detections: [Detection] = []
  /// Whether the area of a detection is that of its box.
  var isSizedByBoxes = true
  var objectShapes: any ShapeSource
  var detectionShapes: any ShapeSource
}

extension DetectionProblem {
  /// What was left out or looks like a mistake, in words for the user.
  package typealias Notes = [String]

  /// Puts detections beside the objects of a data set.
  ///
  /// As in COCO's tools, what is of a category that is not listed is left out, and so are objects of images that
  /// are not listed; of the others all images count, also those without anything.
  /// - Parameters:
  ///   - annotations: the ground truth.
  ///   - detections: what was found.
  ///   - shape: what is compared.
  /// - Returns: the problem, and what the user should know about it.
  /// - Throws: `InputError` for a detection of an image that is not listed, and for objects that lack what is compared.
  package static func coco(
    _ annotations: COCOAnnotations, _ detections: COCODetections, comparing shape: Shape
  ) throws -> (problem: DetectionProblem, notes: Notes) {
    let images = annotations.imageIndices
    var problem = DetectionProblem(
      shape: shape, images: images.count, categories: annotations.categories.count,
      isSizedByBoxes: detections.isSizedByBoxes, objectShapes: annotations.shapes(images),
      detectionShapes: detections.shapes(annotations))
    var notes: Notes = []
    try problem.addObjects(annotations, images, &notes)
    problem.detections = detections.entries
    notes += try detections.notes()
    return (problem, notes)
  }

  private mutating func addObjects(
    _ annotations: COCOAnnotations, _ images: [Int: Int32], _ notes: inout Notes
  ) throws {
    let categories = annotations.categoryIndices
    var strangers = LeftOutItems()
    objects.reserveCapacity(annotations.instances.count)
    for (index, instance) in annotations.instances.enumerated() {
      guard let image = images[instance.imageID], let category = categories[instance.categoryID]
      else {
        strangers.add("annotation \(instance.id)")
        continue
      }
      objects.append(
        try Object(instance, image: image, category: category, entry: Int32(index), shape) {
          annotations.subject(index)
        })
    }
    if let note = strangers.note(
      "annotations are of images or categories that the file does not list: not scored")
    {
      notes.append("\(FileNameText.visible(annotations.path)): \(note)")
    }
  }
}

extension DetectionProblem.Object {
  fileprivate init(
    _ instance: COCOAnnotations.Instance, image: Int32, category: Int32, entry: Int32,
    _ shape: DetectionProblem.Shape, subject: () -> String
  ) throws {
    guard let isCrowd = instance.isCrowd else {
      throw InputError(subject(), "has no iscrowd", "say \"iscrowd\": 0 for a single object")
    }
    guard let area = instance.area else {
      throw InputError(subject(), "has no area", "give the number of pixels of its mask")
    }
    if shape == .boxes, instance.box == nil { throw InputError(subject(), "has no bbox") }
    if shape == .masks, instance.shape < 0 { throw InputError(subject(), "has no segmentation") }
    self.init(
      image: image, category: category, isCrowd: isCrowd, isUnnamed: instance.id == 0,
      box: instance.box ?? DetectionBox(x: 0, y: 0, width: 0, height: 0), area: area, entry: entry)
  }
}

/// Things that were left out: how many, and the first by name.
private struct LeftOutItems {
  private var count = 0
  private var first = ""

  mutating func add(_ name: @autoclosure () -> String) {
    if count == 0 { first = name() }
    count += 1
  }

  /// `3 things …, the first is …`; nil without any.
  func note(_ what: String) -> String? {
    count == 0 ? nil : "\(count) \(what); the first is \(first)"
  }
}

extension COCOAnnotations {
  /// How messages name an annotation.
  func subject(_ index: Int) -> String {
    "\(FileNameText.visible(path)), annotation \(instances[index].id)"
  }

  fileprivate func shapes(_ images: [Int: Int32]) -> COCOShapes {
    COCOShapes(
      file: file, subject: { subject($0) }, places: { instances[$0].shape },
      size: { size(ofImage: instances[$0].imageID, images) }, box: { _ in nil })
  }

  fileprivate func size(ofImage id: Int, _ images: [Int: Int32]) -> (width: Int?, height: Int?) {
    guard let index = images[id] else { return (nil, nil) }
    return (self.images[Int(index)].width, self.images[Int(index)].height)
  }
}

extension COCODetections {
  fileprivate func shapes(_ annotations: COCOAnnotations) -> COCOShapes {
    COCOShapes(
      file: file, subject: { subject($0) }, places: { entries[$0].place },
      size: { entry in
        let image = annotations.images[Int(entries[entry].image)]
        return (image.width, image.height)
      }, box: { [isSizedByBoxes] in isSizedByBoxes ? entries[$0].box : nil })
  }

  /// What looks like a mistake but is scored as COCO's tools do.
  /// - Throws: `InputError` for a detection without the box that the first one has.
  fileprivate func notes() throws -> DetectionProblem.Notes {
    var (strangers, empty) = (LeftOutItems(), LeftOutItems())
    let needsBox = isSizedByBoxes
    for (index, entry) in entries.enumerated() {
      guard !needsBox || entry.box != nil else {
        throw InputError(
          subject(index), "has no bbox, which the first detection has",
          "give all detections one, or none")
      }
      if entry.category < 0 { strangers.add("detection \(index + 1)") }
      if let box = entry.box, !(box.width > 0 && box.height > 0) {
        empty.add("detection \(index + 1)")
      }
    }
    let notes = [
      strangers.note(
        "detections are of categories that the ground truth does not list: not scored"),
      empty.note("detections have a box without width or height: it overlaps with nothing"),
      entries.isEmpty ? "holds no detection at all" : nil,
    ]
    return notes.compactMap(\.self).map { "\(FileNameText.visible(path)): \($0)" }
  }
}
