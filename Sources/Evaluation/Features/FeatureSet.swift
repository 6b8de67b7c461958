import Foundation
import Support
import Tensors

/// Features of all images of a split: in a verified file mapped into memory, or in memory alone.
@safe package final class FeatureSet: @unchecked Sendable {
  /// What the features are.
  package let feature: ResolvedFeature
  /// Number of images.
  package let count: Int
  // Keeps the memory alive, which nothing writes to any more.
  private let owner: AnyObject
  private let start: UnsafeRawPointer

  init(_ feature: ResolvedFeature, count: Int, file: MappedFile, start: UnsafeRawPointer) {
    self.feature = feature
    self.count = count
    owner = file
    unsafe self.start = unsafe start
  }

  /// The first of what `buffers` hold, of all their images.
  init(_ buffers: FeatureBuffers) {
    feature = buffers.features[0]
    count = buffers.capacity
    owner = buffers
    unsafe start = unsafe buffers.start
  }

  /// Features of a row.
  package var width: Int { feature.width }

  /// `[images, width]`; valid as long as the set lives.
  package var floats: UnsafePointer<Float> {
    precondition(!feature.isHalf, "tokens are not stored as 32-bit floats")
    return unsafe start.assumingMemoryBound(to: Float.self)
  }

  /// Pooled features of all images; valid as long as the set lives.
  package var rows: BatchRows { unsafe BatchRows(rows: floats, count: count, width: width) }

  /// Tokens of all images; valid as long as the set lives.
  package var tokens: BatchTokens {
    unsafe BatchTokens(rows: halves, count: count, tokens: feature.tokens, width: width)
  }

  /// `[images, tokens, width]` as 16-bit floats; valid as long as the set lives.
  package var halves: UnsafePointer<UInt16> {
    precondition(feature.isHalf, "only tokens are stored as 16-bit floats")
    return unsafe start.assumingMemoryBound(to: UInt16.self)
  }

  /// Writes the tokens of an image as 32-bit floats, from number `first` on.
  package func copyTokens(of image: Int, from first: Int, to target: UnsafeMutablePointer<Float>) {
    let place = (image * feature.tokens + first) * width
    withExtendedLifetime(self) {
      unsafe convertFromHalf(halves + place, into: target, count: (feature.tokens - first) * width)
    }
  }
}
