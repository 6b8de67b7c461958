/// Pictures side by side on white, each with a label above it.
package struct ContactSheet {
  private let cells: [(label: String, image: Image)]
  private let columns: Int

  private static let gap = 8

  /// A sheet.
  ///
  /// - Parameters:
  ///   - cells: pictures of one size, at least one, each with its label.
  ///   - columns: how many stand in a row.
  package init(_ cells: [(label: String, image: Image)], columns: Int) {
    precondition(!cells.isEmpty && columns > 0, "a sheet has pictures and columns")
    self.cells = cells
    self.columns = columns
  }

  /// The sheet as one picture; small pictures are enlarged to be recognised, by repeating pixels.
  package var image: Image {
    let widest = cells.map { PixelFont.width(of: $0.label) }.max() ?? 0
    let first = cells[0].image
    let scale = max(1, 128 / max(first.width, first.height))
    // Letters grow with the pictures, as long as the longest label fits.
    let letter = max(1, first.width * scale / max(1, widest))
    let cell = (
      width: max(first.width * scale, widest * letter) + Self.gap,
      height: first.height * scale + PixelFont.height * letter + 2 * Self.gap
    )
    let rows = (cells.count + columns - 1) / columns
    let (width, height) = (columns * cell.width + Self.gap, rows * cell.height + Self.gap)
    var pixels = [UInt8](repeating: 255, count: width * height * 3)
    for (index, entry) in cells.enumerated() {
      let left = Self.gap + index % columns * cell.width
      let top = Self.gap + index / columns * cell.height
      for (x, y) in PixelFont.pixels(of: entry.label) {
        for place in 0..<letter * letter {
          let column = left + x * letter + place % letter
          let start = 3 * ((top + y * letter + place / letter) * width + column)
          for channel in 0..<3 { pixels[start + channel] = 0 }
        }
      }
      let below = top + PixelFont.height * letter + Self.gap / 2
      for y in 0..<entry.image.height * scale {
        for x in 0..<entry.image.width * scale {
          let from = 3 * (y / scale * entry.image.width + x / scale)
          let to = 3 * ((below + y) * width + left + x)
          for channel in 0..<3 { pixels[to + channel] = entry.image.pixels[from + channel] }
        }
      }
    }
    return Image(width: width, height: height, pixels: pixels)
  }
}
