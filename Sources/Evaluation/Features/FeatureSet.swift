import Foundation
import Support

/// Features of all images of a split, in a verified file mapped into memory.
package final class FeatureSet: @unchecked Sendable {
  /// What the features are.
  package let feature: ResolvedFeature
  /// Number of images.
  package let count: Int
  // Keeps the mapping alive.
  private let file: MappedFile
  private let start: UnsafeRawPointer

  init(_ feature: ResolvedFeature, count: Int, file: MappedFile, start: UnsafeRawPointer) {
    self.feature = feature
    self.count = count
    self.file = file
    self.start = start
  }

  /// Features of a row.
  package var width: Int { feature.width }

  /// `[images, width]`; valid as long as the set lives.
  package var floats: UnsafePointer<Float> {
    precondition(!feature.isHalf, "tokens are not stored as 32-bit floats")
    return start.assumingMemoryBound(to: Float.self)
  }

  /// `[images, tokens, width]` as 16-bit floats; valid as long as the set lives.
  package var halves: UnsafePointer<UInt16> {
    precondition(feature.isHalf, "only tokens are stored as 16-bit floats")
    return start.assumingMemoryBound(to: UInt16.self)
  }
}
