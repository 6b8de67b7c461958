import Foundation
import Support

/// Keeps only the low, or only the high, frequencies of an image.
///
/// Xie et al. 2023, "Masked Frequency Modeling", official code: frequencies nearer to 0 than `radius` are a disc; a coin
/// decides for each image whether the disc is kept (low pass) or taken away (high pass). What is left is clamped to 0…1.
package struct DiscMask: ImageMask {
  package static let kind = "disc"
  package static let summary = "low or high frequencies are taken away (MFM)"
  private let share: Double
  private let lowPass: Double
  private let discs = FrequencyDiscs()

  package init(_ fields: Fields) throws {
    share = try fields.take(
      "radius", default: 16.0 / 224, in: 0.001...0.5, "of the disc, as a share of the side")
    lowPass = try fields.take(
      "low_pass", default: 0.5, in: 0...1, "how likely the low frequencies are what is kept")
  }

  package func plan(rows: Int, columns: Int, random: inout RandomStream) -> ImageMaskPlan {
    let table = discs.disc(rows, columns, radius: radius(rows, columns))
    let keepsDisc = random.uniformDouble() < lowPass
    return ImageMaskPlan(
      variant: keepsDisc ? 0 : 1, removed: keepsDisc ? table.outside : table.disc,
      removedCount: keepsDisc ? rows * columns - table.count : table.count)
  }

  /// In pixels, rounded: the published 16 at 224, 2 at 32.
  private func radius(_ rows: Int, _ columns: Int) -> Int {
    max(1, Int((share * Double(min(rows, columns))).rounded()))
  }

  package func apply(
    _ plan: ImageMaskPlan, to planes: UnsafeMutablePointer<Float>, channels: Int, rows: Int,
    columns: Int
  ) {
    let table = discs.disc(rows, columns, radius: radius(rows, columns))
    for channel in 0..<channels {
      let plane = unsafe planes + channel * rows * columns
      let low = unsafe table.lowPass(plane)
      for index in 0..<rows * columns {
        let value = unsafe plan.variant == 0 ? low[index] : Double(plane[index]) - low[index]
        unsafe plane[index] = Float(min(1, max(0, value)))
      }
    }
  }

  package func fingerprint(rows: Int, columns: Int) -> JSON {
    let radius = radius(rows, columns)
    let table = discs.disc(rows, columns, radius: radius)
    return [
      "kind": .string(Self.kind), "radius": .integer(radius), "low_pass": .number(lowPass),
      "frequencies": .integer(rows * columns), "disc": .integer(table.count),
    ]
  }
}
