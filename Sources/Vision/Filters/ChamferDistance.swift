/// About how far each pixel is from the nearest of some, in pixels: Borgefors 1986, steps of 5 × 5, as OpenCV.
enum ChamferDistance {
  // Whole numbers in units of 2⁻¹⁶: 1, 1.4 and 2.1969 pixels.
  private static let straight: Int32 = 65536
  private static let diagonal: Int32 = 91750
  private static let knight: Int32 = 143_976
  private static let far: Int32 = .max >> 2

  /// Distances to the nearest marked pixel.
  ///
  /// - Parameters:
  ///   - marks: `height × width`, whether a pixel is marked.
  ///   - width: number of columns.
  ///   - height: number of rows.
  ///   - most: greater distances are this.
  /// - Returns: `height × width` distances.
  static func map(to marks: [Bool], width: Int, height: Int, atMost most: Float) -> [Float] {
    let stride = width + 4
    var distance = [Int32](repeating: far, count: stride * (height + 4))
    let steps = [
      (-2 * stride - 1, knight), (-2 * stride + 1, knight), (-stride - 2, knight),
      (-stride + 2, knight), (-stride - 1, diagonal), (-stride + 1, diagonal),
      (-stride, straight), (-1, straight),
    ]
    let places = (0..<width * height).map { ($0 / width + 2) * stride + $0 % width + 2 }
    unsafe distance.withUnsafeMutableBufferPointer { distance in
      for (index, place) in places.enumerated() {
        unsafe distance[place] =
          marks[index] ? 0 : steps.reduce(far) { unsafe min($0, distance[place + $1.0] + $1.1) }
      }
      for place in places.reversed() {
        unsafe distance[place] = unsafe steps.reduce(distance[place]) {
          unsafe min($0, distance[place - $1.0] + $1.1)
        }
      }
    }
    return places.map { min(Float(distance[$0]) * 0x1p-16, most) }
  }
}
