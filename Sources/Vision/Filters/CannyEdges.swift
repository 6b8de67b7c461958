/// The edges of a grey picture by Canny's method, as OpenCV finds them: Sobel slopes, `|dx| + |dy|`, hysteresis.
struct CannyEdges {
  private let width: Int
  private let height: Int
  /// Slopes across and down, without a border.
  private var across: [Int32]
  private var down: [Int32]
  /// Strengths of the slopes, with a border of zeros one wide.
  private var strength: [Int32]

  /// Edges of a picture.
  ///
  /// - Parameters:
  ///   - levels: `height × width` grey levels.
  ///   - width: number of columns.
  ///   - height: number of rows.
  ///   - low: an edge goes on where the slope is above this,
  ///   - high: and begins where it is above this.
  /// - Returns: for each pixel whether it is on an edge.
  static func find(_ levels: [UInt8], width: Int, height: Int, low: Int32, high: Int32) -> [Bool] {
    CannyEdges(levels, width, height).edges(low, high)
  }

  private init(_ levels: [UInt8], _ width: Int, _ height: Int) {
    self.width = width
    self.height = height
    var across = [Int32](repeating: 0, count: width * height)
    var down = across
    var strength = [Int32](repeating: 0, count: (width + 2) * (height + 2))
    for y in 0..<height {
      let (above, below) = (max(y - 1, 0) * width, min(y + 1, height - 1) * width)
      for x in 0..<width {
        let (left, right) = (max(x - 1, 0), min(x + 1, width - 1))
        func at(_ row: Int, _ column: Int) -> Int32 { Int32(levels[row + column]) }
        let row = y * width
        let dx =
          at(above, right) + 2 * at(row, right) + at(below, right)
          - at(above, left) - 2 * at(row, left) - at(below, left)
        let dy =
          at(below, left) + 2 * at(below, x) + at(below, right)
          - at(above, left) - 2 * at(above, x) - at(above, right)
        across[row + x] = dx
        down[row + x] = dy
        strength[(y + 1) * (width + 2) + x + 1] = abs(dx) + abs(dy)
      }
    }
    (self.across, self.down, self.strength) = (across, down, strength)
  }

  /// Whether the slope at a pixel is the steepest of its neighbours along its direction.
  private func isRidge(_ x: Int, _ y: Int) -> Bool {
    let stride = width + 2
    let place = (y + 1) * stride + x + 1
    let own = strength[place]
    let (dx, dy) = (across[y * width + x], down[y * width + x])
    // tan 22.5° in units of 2⁻¹⁵; tan 67.5° is that plus two.
    let shallow = Int(abs(dx)) * 13573
    let slope = Int(abs(dy)) << 15
    if slope < shallow { return own > strength[place - 1] && own >= strength[place + 1] }
    if slope > shallow + Int(abs(dx)) << 16 {
      return own > strength[place - stride] && own >= strength[place + stride]
    }
    let side = (dx ^ dy) < 0 ? -1 : 1
    return own > strength[place - stride - side] && own > strength[place + stride + side]
  }

  private func edges(_ low: Int32, _ high: Int32) -> [Bool] {
    let stride = width + 2
    // 0 no edge, 1 an edge if it hangs together with one, 2 an edge.
    var state = [UInt8](repeating: 0, count: strength.count)
    var open: [Int] = []
    for y in 0..<height {
      for x in 0..<width {
        let place = (y + 1) * stride + x + 1
        guard strength[place] > low, isRidge(x, y) else { continue }
        state[place] = strength[place] > high ? 2 : 1
        if state[place] == 2 { open.append(place) }
      }
    }
    let neighbours = [-stride - 1, -stride, -stride + 1, -1, 1, stride - 1, stride, stride + 1]
    while let place = open.popLast() {
      for neighbour in neighbours where state[place + neighbour] == 1 {
        state[place + neighbour] = 2
        open.append(place + neighbour)
      }
    }
    return (0..<width * height).map { index in
      state[(index / width + 1) * stride + index % width + 1] == 2
    }
  }
}
