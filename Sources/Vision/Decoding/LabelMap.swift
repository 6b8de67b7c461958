import Foundation
import Support

/// A map of 8-bit labels, one a pixel, rows from the top.
package struct LabelMap: Sendable, Equatable {
  /// Number of columns.
  package let width: Int
  /// Number of rows.
  package let height: Int
  /// `height × width` labels.
  package var labels: [UInt8]

  /// A map with the given labels, of which there must be `width × height`.
  package init(width: Int, height: Int, labels: [UInt8]) {
    precondition(
      labels.count == width * height, "\(labels.count) labels for a map of \(width)×\(height)")
    self.width = width
    self.height = height
    self.labels = labels
  }
}

/// The stored values of a PNG file with a palette (its indices) or with grey values.
/// - Throws: `InputError` naming `subject`, also for a file that holds colours.
package func decodeLabelMap(_ data: Data, from subject: String) throws -> LabelMap {
  try PNG.decodeLabels(data, from: subject)
}

/// The label map in the PNG file at `path`; see `decodeLabelMap`.
package func readLabelMap(_ path: String) throws -> LabelMap {
  let file = try MappedFile(path)
  return try withExtendedLifetime(file) {
    try decodeLabelMap(file.unownedData, from: FileNameText.visible(path))
  }
}
