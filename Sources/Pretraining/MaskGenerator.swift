import Support
import Tensors

/// Which patches of one image are hidden.
package struct MaskPlan: Sendable, Equatable {
  /// Raster indices of the patches that are seen, in the order in which they become tokens.
  package let visible: [Int32]
  /// Raster indices of the hidden patches, ascending.
  package let hidden: [Int32]

  /// A plan that shows `visible` of `count` patches.
  package init(visible: [Int32], of count: Int) {
    self.visible = visible
    var isHidden = [Bool](repeating: true, count: count)
    for index in visible { isHidden[Int(index)] = false }
    hidden = (0..<Int32(count)).filter { isHidden[Int($0)] }
  }

  /// A plan from one flag a patch, `true` = hidden; visible patches stay in raster order.
  package init(hidden flags: [Bool]) {
    visible = flags.indices.filter { !flags[$0] }.map(Int32.init)
    hidden = flags.indices.filter { flags[$0] }.map(Int32.init)
  }
}

/// A rule that draws, for each image, which patches are hidden.
///
/// Every plan on a grid hides equally many patches, so that visible tokens form a batch.
package protocol MaskGenerator: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for `unmask list masks`.
  static var summary: String { get }

  /// Reads the rule's settings.
  init(_ fields: Fields) throws

  /// How many patches stay visible on a grid.
  ///
  /// - Throws: `InputError` when the rule does not fit the grid.
  func visibleCount(rows: Int, columns: Int) throws -> Int

  /// Draws a plan for one image.
  func plan(rows: Int, columns: Int, random: inout RandomStream) -> MaskPlan
}

extension MaskGenerator {
  /// What identifies the rule in a report: kind, counts, and mean extent of its hidden regions.
  ///
  /// - Throws: `InputError` when the rule does not fit the grid.
  package func fingerprint(rows: Int, columns: Int) throws -> JSON {
    let visible = try visibleCount(rows: rows, columns: columns)
    let draws = 200
    var random = RandomStream(seed: 0, purpose: "mask fingerprint")
    var neighbours = 0.0
    for _ in 0..<draws {
      neighbours += plan(rows: rows, columns: columns, random: &random)
        .hiddenNeighbourShare(rows: rows, columns: columns)
    }
    return [
      "kind": .string(Self.kind),
      "patches": .integer(rows * columns),
      "visible": .integer(visible),
      "ratio": .number(1 - Double(visible) / Double(rows * columns)),
      "hidden_neighbour_share": .number((neighbours / Double(draws) * 1e6).rounded() / 1e6),
    ]
  }
}

extension MaskPlan {
  /// Of the neighbours (right and below) of hidden patches, the share that is hidden too: 1 for one
  /// solid block, the mask ratio for independent draws.
  func hiddenNeighbourShare(rows: Int, columns: Int) -> Double {
    let isHidden = Set(hidden)
    var (pairs, both) = (0, 0)
    for index in hidden {
      if (Int(index) + 1) % columns != 0 {
        pairs += 1
        if isHidden.contains(index + 1) { both += 1 }
      }
      if Int(index) + columns < rows * columns {
        pairs += 1
        if isHidden.contains(index + Int32(columns)) { both += 1 }
      }
    }
    return pairs == 0 ? 0 : Double(both) / Double(pairs)
  }
}

/// The mask that a recipe's `mask:` section describes.
///
/// - Parameter fields: `kind` and the settings of that kind.
/// - Returns: the generator.
/// - Throws: `InputError` naming an unknown kind or a setting out of bounds.
package func makeMask(_ fields: Fields) throws -> any MaskGenerator {
  let kinds = allMasks.map { $0.kind }
  let kind = try fields.takeChoice(
    "kind", of: kinds, default: "random", "which patches are hidden")
  guard let type = allMasks.first(where: { $0.kind == kind }) else {
    throw fields.error(at: "kind", "there is no mask '\(kind)'")
  }
  let mask = try type.init(fields)
  try fields.finish()
  return mask
}

/// `⌊count · (1 − ratio)⌋`, safe from floating-point error: ten tenths hidden of 100 leave 10, not 9.
func keptCount(of count: Int, ratio: Double) -> Int {
  Int((Double(count) * (1 - ratio) + 1e-9).rounded(.down))
}
