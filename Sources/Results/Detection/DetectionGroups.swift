/// The objects and detections of each category in each image where there are any, by category and then by image.
struct DetectionGroups {
  /// One category in one image.
  struct Group {
    let image: Int32
    let category: Int32
    /// Where its objects and detections stand in `objectOrder` and `detectionOrder`, each in the order of the file.
    let objects: Range<Int>
    let detections: Range<Int>
    /// Where what is kept of its detections is written: the `mostDetections` of the highest scores.
    let kept: Range<Int>
  }

  /// Detections of one category in one image that count.
  static let mostDetections = 100

  let objectOrder: [Int32]
  let detectionOrder: [Int32]
  private var starts: [Start] = []

  /// Where a group begins; it ends where the next one begins.
  private struct Start {
    var image = Int32(0)
    var category = Int32(0)
    let object: Int32
    let detection: Int32
    let kept: Int32
  }

  init(_ problem: DetectionProblem) {
    let objects = problem.objects
    let detections = problem.detections
    objectOrder = Self.sorted(
      objects.count, images: problem.images, categories: problem.categories,
      image: { objects[$0].image }, category: { objects[$0].category })
    detectionOrder = Self.sorted(
      detections.count, images: problem.images, categories: problem.categories,
      image: { detections[$0].image }, category: { detections[$0].category })
    var (object, detection, kept) = (0, 0, 0)
    func key(_ image: Int32, _ category: Int32) -> Int { Int(category) << 32 | Int(image) }
    func objectKey() -> Int {
      guard object < objectOrder.count else { return .max }
      let next = objects[Int(objectOrder[object])]
      return key(next.image, next.category)
    }
    func detectionKey() -> Int {
      guard detection < detectionOrder.count else { return .max }
      let next = detections[Int(detectionOrder[detection])]
      return key(next.image, next.category)
    }
    while object < objectOrder.count || detection < detectionOrder.count {
      let next = min(objectKey(), detectionKey())
      let (firstObject, firstDetection) = (object, detection)
      while objectKey() == next { object += 1 }
      while detectionKey() == next { detection += 1 }
      starts.append(
        Start(
          image: Int32(next & 0xFFFF_FFFF), category: Int32(next >> 32),
          object: Int32(firstObject), detection: Int32(firstDetection), kept: Int32(kept)))
      kept += min(detection - firstDetection, Self.mostDetections)
    }
    starts.append(Start(object: Int32(object), detection: Int32(detection), kept: Int32(kept)))
  }

  /// How many groups there are.
  var count: Int { starts.count - 1 }

  /// A group by its place.
  subscript(index: Int) -> Group {
    let (start, end) = (starts[index], starts[index + 1])
    return Group(
      image: start.image, category: start.category,
      objects: Int(start.object)..<Int(end.object),
      detections: Int(start.detection)..<Int(end.detection), kept: Int(start.kept)..<Int(end.kept))
  }

  /// How many detections are kept.
  var keptCount: Int { Int(starts.last?.kept ?? 0) }

  /// The numbers below `count`, without those of no category, by category, then by image, then as they are: two passes of counting.
  private static func sorted(
    _ count: Int, images: Int, categories: Int, image: (Int) -> Int32, category: (Int) -> Int32
  ) -> [Int32] {
    let scored = (0..<Int32(count)).filter { category(Int($0)) >= 0 }
    let byImage = counted(scored, keys: images) { image(Int($0)) }
    return counted(byImage, keys: categories) { category(Int($0)) }
  }

  private static func counted(_ items: [Int32], keys: Int, key: (Int32) -> Int32) -> [Int32] {
    var starts = [Int](repeating: 0, count: keys + 1)
    for item in items { starts[Int(key(item)) + 1] += 1 }
    for index in 0..<keys { starts[index + 1] += starts[index] }
    var result = [Int32](repeating: 0, count: items.count)
    for item in items {
      let bin = Int(key(item))
      result[starts[bin]] = item
      starts[bin] += 1
    }
    return result
  }
}
