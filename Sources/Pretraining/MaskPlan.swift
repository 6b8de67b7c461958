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
