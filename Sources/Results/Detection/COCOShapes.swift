import Support

/// Reads the masks of a file in COCO's layout, one at a time: outlines, runs as numbers, runs as a string.
struct COCOShapes: ShapeSource {
  /// The file, which is held as long as the value.
  let file: MappedFile
  /// How messages name an entry.
  let subject: @Sendable (Int) -> String
  /// Where the shape of each entry stands; -1 without one.
  let places: @Sendable (Int) -> Int
  /// Columns and rows of the image of each entry, where they are known.
  let size: @Sendable (Int) -> (width: Int?, height: Int?)
  /// The box that stands in where an entry has no shape.
  let box: @Sendable (Int) -> DetectionBox?

  func runs(of entry: Int, _ reader: inout ShapeReader) throws -> MaskSize {
    let place = places(entry)
    let failure = { (problem: String) in InputError(subject(entry), problem) }
    guard place >= 0 else {
      guard let box = box(entry) else { throw failure("has no segmentation") }
      let size = try imageSize(entry, failure)
      let (left, top) = (box.x, box.y)
      let (right, bottom) = (box.x + box.width, box.y + box.height)
      try reader.fill([left, top, left, bottom, right, bottom, right, top], size, failure)
      return size
    }
    return try withExtendedLifetime(file) {
      var json = unsafe JSONPull(file.bytes, subject: file.path, at: place)
      if try json.openArray() {
        let size = try imageSize(entry, failure)
        try readPolygons(&json, size, &reader, failure)
        return size
      }
      guard try json.openObject() else {
        throw failure("its segmentation is neither a list of polygons nor runs: \(json.shown())")
      }
      return try readRuns(&json, entry, &reader, failure)
    }
  }

  /// The size of the entry's image.
  private func imageSize(_ entry: Int, _ failure: (String) -> InputError) throws -> MaskSize {
    let (width, height) = size(entry)
    guard let width, let height else {
      throw failure("its image has no \(width == nil ? "width" : "height"), which masks need")
    }
    return try checked(height, width, failure)
  }

  private func checked(
    _ height: Int, _ width: Int, _ failure: (String) -> InputError
  ) throws -> MaskSize {
    guard height > 0, width > 0, width <= RunLengthMask.mostPixels / height else {
      throw failure(
        "masks of \(height)×\(width) pixels are none, or more than the \(RunLengthMask.mostPixels) that are read"
      )
    }
    return MaskSize(height: height, width: width)
  }

  private func readPolygons(
    _ json: inout JSONPull, _ size: MaskSize, _ reader: inout ShapeReader,
    _ failure: (String) -> InputError
  ) throws {
    var count = 0
    while try json.nextElement() {
      guard try json.openArray() else {
        throw failure("its segmentation must be a list of polygons, holds \(json.shown())")
      }
      reader.points.removeAll(keepingCapacity: true)
      while try json.nextElement() {
        guard let value = try json.number() else {
          throw failure("a polygon has the coordinate \(json.shown())")
        }
        reader.points.append(value)
      }
      try reader.fill(reader.points, size, failure, isFirst: count == 0)
      count += 1
    }
    guard count > 0 else { throw failure("its segmentation is an empty list") }
  }

  private func readRuns(
    _ json: inout JSONPull, _ entry: Int, _ reader: inout ShapeReader,
    _ failure: (String) -> InputError
  ) throws -> MaskSize {
    var (size, place): (MaskSize?, Int) = (nil, -1)
    while let key = try json.nextKey() {
      if key.equals("size"), size == nil {
        size = try readSize(&json, failure)
      } else if key.equals("counts"), place < 0 {
        place = json.position
        try json.skip()
      } else if key.equals("size") || key.equals("counts") {
        throw failure("its segmentation has the key \(key.decoded) twice")
      } else {
        try json.skip()
      }
    }
    guard let size, place >= 0 else {
      throw failure("its segmentation has no \(size == nil ? "size" : "counts")")
    }
    let image = self.size(entry)
    guard image.width ?? size.width == size.width, image.height ?? size.height == size.height else {
      throw failure(
        "its mask is of \(size.height)×\(size.width) pixels (height×width), its image of "
          + "\(image.height ?? 0)×\(image.width ?? 0)")
    }
    var counts = unsafe JSONPull(file.bytes, subject: file.path, at: place)
    if let text = try counts.string() {
      try decodeRuns(text, size, into: &reader.runs, failure: failure)
    } else {
      try readCounts(&counts, size, &reader, failure)
    }
    return size
  }

  private func readSize(
    _ json: inout JSONPull, _ failure: (String) -> InputError
  ) throws -> MaskSize {
    var sides: [Int] = []
    guard try json.openArray() else { throw failure("the size of its mask is no list") }
    while try json.nextElement() {
      guard sides.count < 2, let side = try json.whole() else {
        throw failure("the size of its mask must be [height, width] in pixels")
      }
      sides.append(side)
    }
    guard sides.count == 2 else {
      throw failure("the size of its mask must be [height, width] in pixels")
    }
    return try checked(sides[0], sides[1], failure)
  }

  private func readCounts(
    _ json: inout JSONPull, _ size: MaskSize, _ reader: inout ShapeReader,
    _ failure: (String) -> InputError
  ) throws {
    guard try json.openArray() else {
      throw failure("the counts of its mask are neither a string nor a list")
    }
    reader.runs.removeAll(keepingCapacity: true)
    var sum = 0
    while try json.nextElement() {
      guard let run = try json.whole() else {
        throw failure("a run of its mask is \(json.shown()), no whole number")
      }
      guard run >= 0, run <= size.pixels - sum else {
        return try checkSum(run < 0 ? -1 : size.pixels + 1, size, failure)
      }
      sum += run
      reader.runs.append(UInt32(run))
    }
    try checkSum(sum, size, failure)
  }
}
