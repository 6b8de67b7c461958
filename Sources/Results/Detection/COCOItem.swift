import Support

/// The keys of COCO's layout that are read.
enum COCOKey: Int {
  case id, imageID, categoryID, score, box, area, isCrowd, segmentation, width, height, fileName,
    name

  /// The key as it is written.
  var text: StaticString {
    switch self {
    case .id: "id"
    case .imageID: "image_id"
    case .categoryID: "category_id"
    case .score: "score"
    case .box: "bbox"
    case .area: "area"
    case .isCrowd: "iscrowd"
    case .segmentation: "segmentation"
    case .width: "width"
    case .height: "height"
    case .fileName: "file_name"
    case .name: "name"
    }
  }
}

/// An object of a list in a file of COCO's layout while it is read: knows which it is, and which keys it had.
struct COCOItem {
  /// The file and the item, as messages name them: `gt.json, annotation 3 (id 17)`.
  private let file: String
  private let kind: String
  private let number: Int
  /// The item's id, once it was read.
  var id: Int?
  private var keys: UInt32 = 0

  /// The item at `index` of a list.
  init(_ kind: String, at index: Int, of file: String) {
    (self.kind, self.file, number) = (kind, file, index + 1)
  }

  var subject: String {
    "\(FileNameText.visible(file)), \(kind) \(number)" + (id.map { " (id \($0))" } ?? "")
  }

  func error(_ problem: String, _ remedy: String = "") -> InputError {
    InputError(subject, problem, remedy)
  }

  /// The next key of the object that is one of `known`; nil at the end.
  ///
  /// The values of other keys are passed over.
  /// - Throws: `InputError` when the key was there before.
  mutating func next(_ known: [COCOKey], _ json: inout JSONPull) throws -> COCOKey? {
    while let text = try json.nextKey() {
      if let key = known.first(where: { text.equals($0.text) }) {
        guard !has(key) else { throw error("has the key \(key.text) twice", "remove one of them") }
        keys |= 1 << UInt32(key.rawValue)
        return key
      }
      try json.skip()
    }
    return nil
  }

  /// Whether a key was read.
  func has(_ key: COCOKey) -> Bool { keys & 1 << UInt32(key.rawValue) != 0 }

  /// A whole number.
  func whole(
    _ key: COCOKey, _ json: inout JSONPull, in bounds: ClosedRange<Int> = .min ... .max
  ) throws -> Int {
    let shown = json.peeked
    guard let value = try json.whole(), bounds.contains(value) else {
      let limits =
        bounds == .min ... .max ? "of 64 bits" : "from \(bounds.lowerBound) to \(bounds.upperBound)"
      throw error("\(key.text) must be a whole number \(limits), is \(shown)")
    }
    return value
  }

  /// A finite number.
  func real(_ key: COCOKey, _ json: inout JSONPull) throws -> Double {
    let shown = json.peeked
    guard let value = try json.number(), value.isFinite else {
      throw error("\(key.text) must be a finite number, is \(shown)")
    }
    return value
  }

  /// 0 or 1, or a truth value.
  func flag(_ key: COCOKey, _ json: inout JSONPull) throws -> Bool {
    let shown = json.peeked
    if let value = try json.bool() { return value }
    guard let value = try json.whole(), value == 0 || value == 1 else {
      throw error("\(key.text) must be 0 or 1, is \(shown)")
    }
    return value == 1
  }

  /// A box of four finite numbers; nil where the list is empty.
  func box(_ key: COCOKey, _ json: inout JSONPull) throws -> DetectionBox? {
    let shown = json.peeked
    var values = (0.0, 0.0, 0.0, 0.0)
    var count = 0
    guard try json.openArray() else {
      throw error("\(key.text) must be [x, y, width, height], is \(shown)")
    }
    while try json.nextElement() {
      guard count < 4, let value = try json.number(), value.isFinite else {
        throw error("\(key.text) must be four finite numbers [x, y, width, height], is \(shown)")
      }
      switch count {
      case 0: values.0 = value
      case 1: values.1 = value
      case 2: values.2 = value
      default: values.3 = value
      }
      count += 1
    }
    guard count > 0 else { return nil }
    guard count == 4 else {
      throw error("\(key.text) must be four finite numbers [x, y, width, height], is \(shown)")
    }
    return DetectionBox(x: values.0, y: values.1, width: values.2, height: values.3)
  }

  /// Requires keys that were read.
  /// - Throws: `InputError` that names the first that is missing.
  func require(_ keys: [COCOKey], _ remedy: String = "") throws {
    if let missing = keys.first(where: { !has($0) }) {
      throw error("has no \(missing.text)", remedy)
    }
  }
}

extension JSONPull {
  /// The value that comes next, shortened, without reading it; made only when it is used.
  fileprivate var peeked: PeekedValue { PeekedValue(json: self) }
}

/// What a message says of a value that is not what it should be.
private struct PeekedValue: CustomStringConvertible {
  let json: JSONPull

  var description: String {
    var json = json
    return json.shown()
  }
}

/// How many items a file may hold, so that lists get the memory they need and not twice that.
enum COCOFile {
  /// Items after which it is estimated.
  static let sample = 1000

  /// A little more than the number of items of a file whose first `sample` took `bytes`.
  static func estimate(_ bytes: Int, of file: MappedFile) -> Int {
    file.count / max(1, bytes / sample) / 16 * 17
  }
}
