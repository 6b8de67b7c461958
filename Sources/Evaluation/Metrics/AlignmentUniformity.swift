import Foundation
import Support
import Tensors

/// Rows of unit length; rows of zeros stay as they are.
func unitRows(_ rows: UnsafePointer<Float>, _ which: [Int], width: Int) -> [Float] {
  var unit = [Float](repeating: 0, count: which.count * width)
  for (place, row) in which.enumerated() {
    let source = unsafe rows + row * width
    var squares = 0.0
    for column in 0..<width { unsafe squares += Double(source[column]) * Double(source[column]) }
    let scale = squares > 0 ? Float(1 / squares.squareRoot()) : 0
    for column in 0..<width { unit[place * width + column] = unsafe scale * source[column] }
  }
  return unit
}

/// How far apart the views of each image are: the mean of ‖f − f′‖² over pairs of its views.
///
/// Wang and Isola 2020, section 4.1, with α = 2.
/// - Parameters:
///   - unit: `[views, images, width]`, rows of unit length.
///   - views: views of an image, at least two.
///   - images: how many images.
///   - width: features of a row.
/// - Returns: one distance an image; 0 where all views agree.
func alignmentDistances(_ unit: [Float], views: Int, images: Int, width: Int) -> [Double] {
  (0..<images).map { image in
    var total = 0.0
    for column in 0..<width {
      // Σ over pairs (a − b)² = views · Σ a² − (Σ a)².
      var (sum, squares) = (0.0, 0.0)
      for view in 0..<views {
        let value = Double(unit[(view * images + image) * width + column])
        sum += value
        squares += value * value
      }
      total += Double(views) * squares - sum * sum
    }
    return total / Double(views * (views - 1) / 2)
  }
}

/// Sums of exp(−2‖f − f′‖²) over pairs of images, by the groups of both.
///
/// Wang and Isola 2020, section 4.2, with t = 2.
struct UniformitySums: Sendable {
  private let sums: [Double]
  private let sizes: [Int]
  private let groups: Int

  /// Sums over all ordered pairs of different images; image `i` belongs to group `i mod groups`.
  ///
  /// - Parameters:
  ///   - unit: `[images, width]`, rows of unit length.
  ///   - width: features of a row.
  ///   - groups: how many groups.
  ///   - pool: shares out the rows.
  init(_ unit: [Float], width: Int, groups: Int, pool: WorkerPool) {
    let images = unit.count / width
    let block = 128
    let blocks = (images + block - 1) / block
    let partial = pool.map(blocks) { index in
      let rows = index * block..<min(images, (index + 1) * block)
      return Self.sums(unit, rows, images: images, width: width, groups: groups)
    }
    var sums = [Double](repeating: 0, count: groups * groups)
    for part in partial { for i in sums.indices { sums[i] += part[i] } }
    self.sums = sums
    self.groups = groups
    sizes = (0..<groups).map { group in images / groups + (group < images % groups ? 1 : 0) }
  }

  private static func sums(
    _ unit: [Float], _ rows: Range<Int>, images: Int, width: Int, groups: Int
  ) -> [Double] {
    var sums = [Double](repeating: 0, count: groups * groups)
    var products = [Float](repeating: 0, count: rows.count * images)
    unsafe unit.withUnsafeBufferPointer { unit in
      unsafe products.withUnsafeMutableBufferPointer { products in
        guard let unit = unit.baseAddress, let products = products.baseAddress else { return }
        unsafe innerProducts(
          unit + rows.lowerBound * width, unit, xCount: rows.count, yCount: images, width: width,
          into: products)
        for row in rows {
          let cosines = unsafe products + (row - rows.lowerBound) * images
          for other in 0..<images where other != row {
            // ‖f − f′‖² = 2 − 2 cos for rows of unit length.
            unsafe sums[row % groups * groups + other % groups] += exp(
              4 * (Double(cosines[other]) - 1))
          }
        }
      }
    }
    return sums
  }

  /// log of the mean over pairs.
  ///
  /// - Parameter left: the group that is left out; nil for none.
  /// - Returns: 0 when all features agree, lower when they spread out.
  func uniformity(without left: Int? = nil) -> Double {
    var (total, images) = (0.0, 0)
    for first in 0..<groups where first != left {
      images += sizes[first]
      for second in 0..<groups where second != left { total += sums[first * groups + second] }
    }
    return log(total / Double(images * (images - 1)))
  }
}
