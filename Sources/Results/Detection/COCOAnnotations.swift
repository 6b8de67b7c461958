import Support

/// Images, categories and the objects in them, as a JSON file in COCO's layout has them.
///
/// Masks stay in the file until they are asked for, so that memory does not grow with their outlines.
package struct COCOAnnotations: Sendable {
  /// An image.
  package struct Image: Sendable {
    /// Its number in the file.
    package var id = 0
    /// Columns and rows in pixels, where the file has them.
    package var width: Int?
    package var height: Int?
    /// Where the name of its file stands in the text; -1 if it has none.
    fileprivate var namePlace = -1
  }

  /// A class of objects.
  package struct Category: Equatable, Sendable {
    /// Its number in the file.
    package var id = 0
    /// Its name; the number where the file has none.
    package var name = ""
  }

  /// An object in an image.
  package struct Instance: Sendable {
    package var id = 0
    /// The ids of the image and of the category.
    package var imageID = 0
    package var categoryID = 0
    package var box: DetectionBox?
    /// In pixels: of the mask, also where boxes are scored.
    package var area: Double?
    /// Whether it stands for several objects, so that many detections may be part of it.
    package var isCrowd: Bool?
    /// Where its outline or mask stands in the text; -1 if it has none.
    package var shape = -1
  }

  /// The file.
  package let path: String
  /// The images, by ascending id.
  package private(set) var images: [Image] = []
  /// The categories, by ascending id.
  package private(set) var categories: [Category] = []
  /// The objects, in the order of the file.
  package private(set) var instances: [Instance] = []
  let file: MappedFile

  /// Reads a file.
  ///
  /// - Parameter path: of a JSON object with `images`, `categories` and `annotations`.
  /// - Throws: `InputError` that names the item and the rule that it breaks.
  package init(contentsOf path: String) throws {
    self.path = path
    file = try MappedFile(path)
    file.advise(isSequential: true)
    try withExtendedLifetime(file) { try read() }
    // What is read again, masks, is read from the file again.
    file.release(0..<file.count)
    images.sort { $0.id < $1.id }
    categories.sort { $0.id < $1.id }
    try Self.refuseEqual(images.map(\.id), "images", path)
    try Self.refuseEqual(categories.map(\.id), "categories", path)
    try Self.refuseEqual(instances.map(\.id).sorted(), "annotations", path)
  }

  /// The place of each image in `images`, by its id.
  var imageIndices: [Int: Int32] {
    Dictionary(images.enumerated().map { ($1.id, Int32($0)) }) { first, _ in first }
  }

  /// The place of each category in `categories`, by its id.
  var categoryIndices: [Int: Int32] {
    Dictionary(categories.enumerated().map { ($1.id, Int32($0)) }) { first, _ in first }
  }

  /// The name of an image's file.
  package func fileName(of image: Image) -> String? {
    guard image.namePlace >= 0 else { return nil }
    var json = unsafe JSONPull(file.bytes, subject: path, at: image.namePlace)
    return withExtendedLifetime(file) { (try? json.string())?.decoded }
  }

  private mutating func read() throws {
    var json = unsafe JSONPull(file.bytes, subject: FileNameText.visible(path))
    try json.refuseEmpty()
    guard try json.openObject() else {
      throw InputError(
        FileNameText.visible(path), "is no object with images, annotations and categories",
        "give the ground truth in COCO's layout")
    }
    var lists: [String] = []
    while let key = try json.nextKey() {
      let name = ["images", "annotations", "categories"].first { key.decoded == $0 }
      guard let name else {
        try json.skip()
        continue
      }
      guard !lists.contains(name) else {
        throw InputError(FileNameText.visible(path), "has the key \(name) twice")
      }
      lists.append(name)
      try readList(name, &json)
    }
    try json.end()
    if let missing = ["images", "annotations", "categories"].first(where: { !lists.contains($0) }) {
      throw InputError(
        FileNameText.visible(path), "has no list '\(missing)'",
        "give the ground truth in COCO's layout")
    }
  }

  private mutating func readList(_ name: String, _ json: inout JSONPull) throws {
    guard try json.openArray() else {
      throw InputError(FileNameText.visible(path), "'\(name)' is no list")
    }
    var index = 0
    let start = json.position
    while try json.nextElement() {
      if index == COCOFile.sample, name == "annotations" {
        instances.reserveCapacity(COCOFile.estimate(json.position - start, of: file))
      }
      switch name {
      case "images": images.append(try readImage(index, &json))
      case "categories": categories.append(try readCategory(index, &json))
      default: instances.append(try readInstance(index, &json))
      }
      index += 1
    }
  }

  private func readImage(_ index: Int, _ json: inout JSONPull) throws -> Image {
    var item = COCOItem("image", at: index, of: path)
    var image = Image()
    guard try json.openObject() else { throw item.error("is no object") }
    while let key = try item.next([.id, .width, .height, .fileName], &json) {
      switch key {
      case .id:
        image.id = try item.whole(key, &json)
        item.id = image.id
      case .width: image.width = try item.whole(key, &json, in: 0...Int.max)
      case .height: image.height = try item.whole(key, &json, in: 0...Int.max)
      default:
        image.namePlace = json.position
        try json.skip()
      }
    }
    try item.require([.id])
    return image
  }

  private func readCategory(_ index: Int, _ json: inout JSONPull) throws -> Category {
    var item = COCOItem("category", at: index, of: path)
    var category = Category()
    guard try json.openObject() else { throw item.error("is no object") }
    while let key = try item.next([.id, .name], &json) {
      switch key {
      case .id:
        category.id = try item.whole(key, &json)
        item.id = category.id
      default:
        guard let name = try json.string() else {
          throw item.error("name must be a string, is \(json.shown())")
        }
        category.name = name.decoded
      }
    }
    try item.require([.id])
    if category.name.isEmpty { category.name = "\(category.id)" }
    return category
  }

  private static let instanceKeys: [COCOKey] = [
    .segmentation, .area, .isCrowd, .imageID, .box, .categoryID, .id,
  ]

  private func readInstance(_ index: Int, _ json: inout JSONPull) throws -> Instance {
    var item = COCOItem("annotation", at: index, of: path)
    var instance = Instance()
    guard try json.openObject() else { throw item.error("is no object") }
    while let key = try item.next(Self.instanceKeys, &json) {
      switch key {
      case .id:
        instance.id = try item.whole(key, &json)
        item.id = instance.id
      case .imageID: instance.imageID = try item.whole(key, &json)
      case .categoryID: instance.categoryID = try item.whole(key, &json)
      case .box: instance.box = try item.box(key, &json)
      case .area: instance.area = try item.real(key, &json)
      case .isCrowd: instance.isCrowd = try item.flag(key, &json)
      default:
        instance.shape = json.position
        try json.skip()
      }
    }
    try item.require([.id, .imageID, .categoryID])
    return instance
  }

  /// Refuses ids, in ascending order, of which two are equal.
  private static func refuseEqual(_ ids: [Int], _ list: String, _ path: String) throws {
    if let (id, _) = zip(ids, ids.dropFirst()).first(where: { $0 == $1 }) {
      throw InputError(
        FileNameText.visible(path), "the id \(id) occurs twice among the \(list)",
        "give each its own id")
    }
  }
}
