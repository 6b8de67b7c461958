import Encoders
import Foundation
import Support
import Tensors

/// Histograms of the directions of edges in hidden patches.
///
/// Wei et al. 2022, "MaskFeat", section 3 and official code: of the augmented, normalised image, each colour for itself;
/// 9 directions, hard bins, cells of 8 pixels with norm 1, no norm over blocks.
struct HOGTarget: PaintableTarget {
  static let kind = "hog"
  static let summary = "histograms of oriented gradients of hidden patches (MaskFeat)"

  private let patch: Int
  private let cell: Int
  private let bins: Int
  private let channels: Int

  init(_ fields: Fields, _ context: PartContext) throws {
    try context.checkHidesPatches("hog", fields)
    let encoder = context.encoder
    (patch, channels) = (encoder.level(nil).stride, encoder.channels)
    cell = try fields.take(
      "cell", default: patch % 8 == 0 ? 8 : patch, in: 1...1024, "side of a cell, in pixels")
    bins = try fields.take("bins", default: 9, in: 1...64, "directions of half a turn")
    guard cell <= encoder.side, encoder.side > 1 else {
      throw fields.error(
        at: "cell",
        "cells of \(cell) pixels do not fit images of \(encoder.side) × \(encoder.side)",
        "lower cell, or use larger images")
    }
    guard patch % cell == 0 else {
      throw fields.error(
        at: "cell", "cells of \(cell) pixels do not tile patches of \(patch)",
        "use a divisor of \(patch)")
    }
  }

  var shape: PredictionShape { .hiddenPatches(width: channels * bins * cellsOfPatch) }

  private var cellsOfPatch: Int { (patch / cell) * (patch / cell) }

  func values(of slice: PretrainingSlice, teacher: TeacherFeatures?, in graph: Graph) -> Node {
    graph.orientedGradients(
      slice.images, rows: slice.hiddenRows(places: patches(of: slice)), patch: patch, cell: cell,
      bins: bins)
  }

  private func patches(of slice: PretrainingSlice) -> Int {
    (slice.images.shape[2] / patch) * (slice.images.shape[3] / patch)
  }

  /// Each cell as strokes along its edges, in each colour, as bright as their share; black where there is none.
  func painted(_ predictions: Node, into slice: PretrainingSlice) -> [Float] {
    let (height, width) = (slice.images.shape[2], slice.images.shape[3])
    let (predicted, side, across) = (predictions.array, patch / cell, width / patch)
    let (strokes, patches) = (strokes(), patches(of: slice))
    var values = slice.images.array
    for (index, row) in slice.hiddenRows(places: patches).enumerated() {
      let (image, place) = (Int(row) / patches, Int(row) % patches)
      for channel in 0..<channels {
        for pixel in 0..<patch * patch {
          let (y, x) = (pixel / patch, pixel % patch)
          let brightness = (0..<bins).reduce(Float(0)) { sum, bin in
            let entry = (channel * bins + bin) * cellsOfPatch + y / cell * side + x / cell
            let share = predicted[index * channels * bins * cellsOfPatch + entry]
            return sum + max(0, share) * strokes[bin][y % cell * cell + x % cell]
          }
          let line = place / across * patch + y
          let offset =
            ((image * channels + channel) * height + line) * width + place % across * patch + x
          // In deviations of the pixels: two below the mean is black, two above it white.
          values[offset] = 4 * min(1, brightness) - 2
        }
      }
    }
    return values
  }

  /// For each bin how much a stroke through the middle of a cell covers each pixel; it runs along the edge, across the
  /// direction in which brightness changes.
  private func strokes() -> [[Float]] {
    let middle = Double(cell - 1) / 2
    return (0..<bins).map { bin in
      let angle = (Double(bin) + 0.5) * Double.pi / Double(bins)
      return (0..<cell * cell).map { pixel in
        let (y, x) = (Double(pixel / cell) - middle, Double(pixel % cell) - middle)
        return Float(max(0, 1 - abs(x * sin(angle) + y * cos(angle))))
      }
    }
  }
}
