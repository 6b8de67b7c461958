import Support

/// A binary mask as lengths of runs, column after column: COCO's form of masks.
///
/// Runs alternate between background and object and begin with background, whose length may be zero. All
/// operations give the runs, areas and boxes that COCO's own tools give, also where runs are empty.
package struct RunLengthMask: Equatable, Sendable {
  /// Number of rows.
  package let height: Int
  /// Number of columns.
  package let width: Int
  /// The lengths of the runs in pixels; their sum is `height × width`.
  package private(set) var counts: [UInt32]

  /// The most pixels of a mask.
  package static let mostPixels = Int(Int32.max)

  /// A mask of known runs, which must add up to `height × width`.
  package init(height: Int, width: Int, counts: [UInt32]) {
    precondition(
      counts.reduce(0) { $0 + Int($1) } == height * width, "runs do not fill \(height)×\(width)")
    self.height = height
    self.width = width
    self.counts = counts
  }

  /// Encodes pixels.
  ///
  /// - Parameters:
  ///   - height: rows.
  ///   - width: columns.
  ///   - pixels: `height × width` values, row after row; all but zero belong to the object.
  package init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(pixels.count == height * width, "\(pixels.count) pixels for \(height)×\(width)")
    self.height = height
    self.width = width
    counts = []
    var (run, isObject) = (UInt32(0), false)
    for column in 0..<width {
      for row in 0..<height {
        if (pixels[row * width + column] != 0) != isObject {
          counts.append(run)
          run = 0
          isObject.toggle()
        }
        run += 1
      }
    }
    counts.append(run)
  }

  /// 1 for the pixels of the object, else 0: `height × width` values, row after row.
  package var pixels: [UInt8] {
    var pixels = [UInt8](repeating: 0, count: height * width)
    var (place, isObject) = (0, false)
    for run in counts {
      if isObject {
        for pixel in place..<place + Int(run) {
          pixels[pixel % height * width + pixel / height] = 1
        }
      }
      place += Int(run)
      isObject.toggle()
    }
    return pixels
  }

  /// How many pixels the object has.
  package var area: Int {
    stride(from: 1, to: counts.count, by: 2).reduce(0) { $0 + Int(counts[$1]) }
  }

  /// The box around the object; zeros for an empty mask of one run.
  package var box: DetectionBox {
    MaskEdges(counts).box(size: MaskSize(height: height, width: width))
  }

  /// The pixels of any of the masks, or of all of them.
  ///
  /// - Parameters:
  ///   - masks: at least one; all of one size.
  ///   - isIntersection: whether a pixel must be in all masks.
  /// - Returns: the mask of those pixels.
  package static func merged(_ masks: [RunLengthMask], isIntersection: Bool = false)
    -> RunLengthMask
  {
    precondition(!masks.isEmpty, "no masks to merge")
    var result = masks[0]
    for mask in masks.dropFirst() {
      precondition(mask.height == result.height && mask.width == result.width, "sizes differ")
      result.counts = mergedRuns(result.counts, mask.counts, isIntersection: isIntersection)
    }
    return result
  }

  /// The intersection with an object's mask over their union, or over this mask if the object is a crowd.
  package func overlap(with object: RunLengthMask, isCrowd: Bool = false) -> Double {
    precondition(object.height == height && object.width == width, "masks of different sizes")
    return MaskEdges(counts).overlap(
      with: MaskEdges(object.counts), size: MaskSize(height: height, width: width),
      isCrowd: isCrowd)
  }
}

/// Merges the runs of two masks of one size.
func mergedRuns(_ first: [UInt32], _ second: [UInt32], isIntersection: Bool) -> [UInt32] {
  var merged: [UInt32] = []
  var (own, its) = (RunCursor(first), RunCursor(second))
  var (run, inMerged, isMore) = (UInt32(0), false, true)
  while isMore {
    let step = min(own.rest, its.rest)
    run += step
    own.advance(by: step)
    its.advance(by: step)
    isMore = own.rest > 0 || its.rest > 0
    let isObject =
      isIntersection ? own.isObject && its.isObject : own.isObject || its.isObject
    if isObject != inMerged || !isMore {
      merged.append(run)
      run = 0
    }
    inMerged = isObject
  }
  return merged
}
