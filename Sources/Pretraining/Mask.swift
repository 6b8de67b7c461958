import Support
import Tensors

/// A rule for what a view hides; every file of `Masks` is one.
package protocol Mask: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for `unmask list masks`.
  static var summary: String { get }

  /// Reads the rule's settings.
  init(_ fields: Fields) throws
}

/// A rule that draws, for each image, which patches are hidden.
package protocol PatchMask: Mask {
  /// Whether it reads how much the class token of a teacher attends to each patch.
  var needsScores: Bool { get }

  /// How many patches can stay visible on a grid: one number where every plan hides equally many.
  ///
  /// - Throws: `InputError` when the rule does not fit the grid.
  func visibleCounts(rows: Int, columns: Int) throws -> ClosedRange<Int>

  /// Draws a plan for one image.
  ///
  /// - Parameters:
  ///   - rows: of the grid of patches.
  ///   - columns: of the grid.
  ///   - scores: one a patch in raster order, where the rule needs them.
  ///   - random: what the draws come from.
  /// - Returns: the plan.
  func plan(rows: Int, columns: Int, scores: ArraySlice<Float>?, random: inout RandomStream)
    -> MaskPlan
}

extension PatchMask {
  package var needsScores: Bool { false }

  /// Draws a plan by a rule that reads no scores.
  package func plan(rows: Int, columns: Int, random: inout RandomStream) -> MaskPlan {
    plan(rows: rows, columns: columns, scores: nil, random: &random)
  }

  /// What identifies the rule in a report: kind, counts, and mean extent of its hidden regions.
  ///
  /// - Throws: `InputError` when the rule does not fit the grid.
  package func fingerprint(rows: Int, columns: Int) throws -> JSON {
    let counts = try visibleCounts(rows: rows, columns: columns)
    let draws = 200
    var random = RandomStream(seed: 0, purpose: "mask fingerprint")
    var (neighbours, visible) = (0.0, 0)
    for _ in 0..<draws {
      // Where scores decide, those of nothing: any order of the patches is as good as another.
      let scores = needsScores ? (0..<rows * columns).map { _ in random.uniform() } : nil
      let plan = plan(rows: rows, columns: columns, scores: scores?[...], random: &random)
      neighbours += plan.hiddenNeighbourShare(rows: rows, columns: columns)
      visible += plan.visible.count
    }
    let patches = Double(rows * columns)
    let isExact = counts.lowerBound == counts.upperBound
    let mean = isExact ? Double(counts.lowerBound) : Double(visible) / Double(draws)
    return [
      "kind": .string(Self.kind),
      "patches": .integer(rows * columns),
      "visible": isExact ? .integer(counts.lowerBound) : .number((mean * 1e3).rounded() / 1e3),
      "ratio": .number(isExact ? 1 - mean / patches : ((1 - mean / patches) * 1e6).rounded() / 1e6),
      "hidden_neighbour_share": .number((neighbours / Double(draws) * 1e6).rounded() / 1e6),
    ]
  }
}

/// A rule that takes something away from the pixels of a view, before the encoder.
package protocol ImageMask: Mask {
  /// Draws what is taken from one image.
  func plan(rows: Int, columns: Int, random: inout RandomStream) -> ImageMaskPlan

  /// Takes it away.
  ///
  /// - Parameters:
  ///   - plan: what.
  ///   - planes: `[channels, rows, columns]`, in 0…1 and left so.
  ///   - channels: extent.
  ///   - rows: extent.
  ///   - columns: extent.
  func apply(
    _ plan: ImageMaskPlan, to planes: UnsafeMutablePointer<Float>, channels: Int, rows: Int,
    columns: Int)

  /// What identifies the rule in a report.
  func fingerprint(rows: Int, columns: Int) -> JSON
}

/// What is taken from one image.
package struct ImageMaskPlan: Sendable {
  /// Which of the rule's ways it is.
  package let variant: Int
  /// The places of a plane, or its frequencies, that are taken away, `[rows × columns]`.
  package let removed: [Bool]
  /// How many they are.
  package let removedCount: Int

  /// A plan; `removed` may be shared by many.
  package init(variant: Int, removed: [Bool], removedCount: Int) {
    self.variant = variant
    self.removed = removed
    self.removedCount = removedCount
  }
}

/// The mask that a recipe's `mask:` section describes.
///
/// - Parameter fields: `kind` and the settings of that kind.
/// - Returns: the mask.
/// - Throws: `InputError` naming an unknown kind or a setting out of bounds.
package func makeMask(_ fields: Fields) throws -> any Mask {
  let mask = try takePart(fields, of: allMasks.map { ($0.kind, $0) }, default: "random", "mask")
    .init(fields)
  try fields.finish()
  return mask
}

/// `⌊count · (1 − ratio)⌋`, safe from floating-point error: ten tenths hidden of 100 leave 10, not 9.
func keptCount(of count: Int, ratio: Double) -> Int {
  Int((Double(count) * (1 - ratio) + 1e-9).rounded(.down))
}
