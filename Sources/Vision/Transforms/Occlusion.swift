import Support

/// A picture with a part of its cells hidden, or with its cells in another order.
///
/// Cells are a grid over the whole picture, as even as whole pixels allow. Naseer et al. 2021 measure both: how much is read
/// from few patches, and how much from their arrangement.
package struct Occlusion: Hashable, Sendable {
  /// What happens to the cells.
  package enum Change: Hashable, Sendable {
    /// So many of them get the picture's mean colour; the cells of a smaller number are among those of a greater.
    case drop(Int)
    /// All change places at random.
    case shuffle
  }

  /// What happens.
  package let change: Change
  /// Cells a side.
  package let grid: Int
  /// Which of several draws.
  package let draw: Int
  /// Chooses the draws.
  package let seed: UInt64

  /// A change of a grid's cells.
  package init(_ change: Change, grid: Int, draw: Int = 0, seed: UInt64 = 0) {
    precondition(grid > 0, "a grid has cells")
    self.change = change
    self.grid = grid
    self.draw = draw
    self.seed = seed
  }

  /// Changes a picture, by nothing but the setting, the picture and its id.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - id: what identifies it in its data set.
  /// - Returns: a picture of the same size.
  /// - Throws: `InputError` naming the id when the picture has fewer pixels than the grid has cells.
  package func apply(to image: Image, id: String) throws -> Image {
    guard min(image.width, image.height) >= grid else {
      throw InputError(
        id, "\(image.width)×\(image.height) pixels are too few for \(grid) × \(grid) cells",
        "choose a smaller grid")
    }
    var random = RandomStream(seed: seed, purpose: "occlusion \(id)", draw, grid)
    let order = random.permutation(grid * grid)
    switch change {
    case .drop(let count): return hiding(Array(order.prefix(count)), of: image)
    case .shuffle: return arranged(image, order)
    }
  }

  private func hiding(_ cells: [Int], of image: Image) -> Image {
    var sums = [0, 0, 0]
    for place in image.pixels.indices { sums[place % 3] += Int(image.pixels[place]) }
    let count = image.width * image.height
    let mean = sums.map { UInt8((2 * $0 + count) / (2 * count)) }
    var changed = image
    for cell in cells {
      let box = box(cell, image)
      for y in box.y..<box.y + box.height {
        for x in box.x..<box.x + box.width {
          let place = 3 * (y * image.width + x)
          for channel in 0..<3 { changed.pixels[place + channel] = mean[channel] }
        }
      }
    }
    return changed
  }

  /// Each cell filled with the one that `order` names, read from its left and top; cells of unequal size repeat
  /// their last row or column.
  private func arranged(_ image: Image, _ order: [Int]) -> Image {
    var changed = image
    for (cell, other) in order.enumerated() {
      let (to, from) = (box(cell, image), box(other, image))
      for y in 0..<to.height {
        for x in 0..<to.width {
          let row = from.y + min(y, from.height - 1)
          let source = 3 * (row * image.width + from.x + min(x, from.width - 1))
          let target = 3 * ((to.y + y) * image.width + to.x + x)
          for channel in 0..<3 { changed.pixels[target + channel] = image.pixels[source + channel] }
        }
      }
    }
    return changed
  }

  private func box(_ cell: Int, _ image: Image) -> PixelBox {
    let (column, row) = (cell % grid, cell / grid)
    let (left, top) = (column * image.width / grid, row * image.height / grid)
    return PixelBox(
      x: left, y: top, width: (column + 1) * image.width / grid - left,
      height: (row + 1) * image.height / grid - top)
  }
}

/// A copy of a split whose pictures are changed when they are asked for, each in the same way every time.
package struct OccludedSplit: ImageSplit {
  private let base: any ImageSplit
  private let occlusion: Occlusion

  /// A copy of `base` with hidden or shuffled cells.
  package init(_ base: any ImageSplit, _ occlusion: Occlusion) {
    self.base = base
    self.occlusion = occlusion
  }

  package var count: Int { base.count }

  package func image(at index: Int) throws -> Image {
    try occlusion.apply(to: base.image(at: index), id: base.exampleID(at: index))
  }

  package func label(at index: Int) -> Int { base.label(at: index) }
  package func exampleID(at index: Int) -> String { base.exampleID(at: index) }
}
