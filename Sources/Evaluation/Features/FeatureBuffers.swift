import Encoders
import Foundation
import Tensors

/// Features of a number of images in memory, one block for each kind; workers write disjoint rows.
@safe package final class FeatureBuffers: @unchecked Sendable {
  /// What is held.
  package let features: [ResolvedFeature]
  /// For how many images there is room.
  package let capacity: Int
  private let blocks: [UnsafeMutableRawPointer]

  /// Room for `capacity` images.
  package init(_ features: [ResolvedFeature], capacity: Int) {
    self.features = features
    self.capacity = capacity
    unsafe blocks = unsafe features.map {
      unsafe UnsafeMutableRawPointer(allocateAligned(($0.bytesPerImage * max(capacity, 1) + 3) / 4))
    }
  }

  deinit { unsafe blocks.forEach { unsafe free($0) } }

  /// Where the features of number 0 begin.
  var start: UnsafeRawPointer { unsafe UnsafeRawPointer(blocks[0]) }

  /// The features of number `index` of all images, as floats.
  package func floats(_ index: Int) -> UnsafeMutablePointer<Float> {
    precondition(!features[index].isHalf, "tokens are not stored as 32-bit floats")
    return unsafe blocks[index].assumingMemoryBound(to: Float.self)
  }

  /// The tokens of number `index` of all images, as 16-bit floats.
  package func halves(_ index: Int) -> UnsafeMutablePointer<UInt16> {
    precondition(features[index].isHalf, "only tokens are stored as 16-bit floats")
    return unsafe blocks[index].assumingMemoryBound(to: UInt16.self)
  }

  /// Pooled features of the first `count` images; valid until others are written.
  func rows(_ index: Int, count: Int) -> BatchRows {
    unsafe BatchRows(rows: floats(index), count: count, width: features[index].width)
  }

  /// Tokens of the first `count` images; valid until others are written.
  func tokens(_ index: Int, count: Int) -> BatchTokens {
    let feature = features[index]
    return unsafe BatchTokens(
      rows: halves(index), count: count, tokens: feature.tokens, width: feature.width)
  }

  /// The bytes of the first `count` images.
  package func bytes(_ index: Int, count: Int) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(
      start: blocks[index], count: count * features[index].bytesPerImage)
  }

  /// Whether the features of the first `count` images are all finite (16-bit floats always are).
  package func areFinite(count: Int) -> Bool {
    features.indices.allSatisfy { index in
      let feature = features[index]
      return unsafe feature.isHalf
        || Tensors.areFinite(floats(index), count: count * feature.tokens * feature.width)
    }
  }
}
