import Foundation
import Results
import Support
import Vision

/// Label maps and the predictions for them, as PNG files of the same names in two folders.
package struct LabelMapFolders: Sendable {
  /// The names of the maps, in the order of their bytes; below the folders, with their own folders.
  package let names: [String]
  /// Predictions without a label map, which are not scored.
  package let unlabelled: [String]
  private let labels: String
  private let predictions: String

  /// Pairs the files of two folders.
  ///
  /// - Parameters:
  ///   - labels: the folder of the label maps.
  ///   - predictions: the folder of the predictions.
  /// - Throws: `InputError` when a folder cannot be read, has no PNG file, or lacks a prediction.
  package init(labels: String, predictions: String) throws {
    (self.labels, self.predictions) = (labels, predictions)
    names = try pngFiles(below: labels)
    let found = Set(try pngFiles(below: predictions))
    if let missing = names.first(where: { !found.contains($0) }) {
      let count = names.count { !found.contains($0) }
      throw InputError(
        FileNameText.visible(predictions + "/" + missing),
        "there is no prediction for this label map"
          + (count > 1 ? ", nor for \(count - 1) others" : ""),
        "write one for each file of \(FileNameText.visible(labels)), under the same name")
    }
    unlabelled = found.subtracting(names).sorted()
  }

  /// Scores the predictions at the size of the label maps.
  ///
  /// - Parameters:
  ///   - classes: how many classes there are, at most 256.
  ///   - ignored: the label of pixels that do not count.
  ///   - pool: shares out the files; does not change the result.
  ///   - advance: called with the number of files that are read, by any worker.
  /// - Returns: the accuracy, with classes named by their numbers.
  /// - Throws: `InputError` for a file that cannot be read, sizes that differ, and numbers that are no class.
  package func accuracy(
    classes: Int, ignoring ignored: UInt8?, pool: WorkerPool,
    advance: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> SegmentationAccuracy {
    let counts = try pool.map(names.count) { index in
      defer { advance(1) }
      return try self.counts(of: names[index], classes, ignored)
    }
    return try SegmentationAccuracy(
      ids: names, counts: counts, classes: (0..<classes).map { "\($0)" }, pool: pool)
  }

  private func counts(
    of name: String, _ classes: Int, _ ignored: UInt8?
  ) throws -> SegmentationCounts {
    let paths = (labels + "/" + name, predictions + "/" + name)
    let (label, prediction) = (try readLabelMap(paths.0), try readLabelMap(paths.1))
    guard label.width == prediction.width, label.height == prediction.height else {
      throw InputError(
        FileNameText.visible(paths.1),
        "is of \(prediction.width)×\(prediction.height) pixels, its label map of \(label.width)×\(label.height)",
        "resize the prediction to the label map's size")
    }
    return try SegmentationCounts(
      labels: label.labels, predictions: prediction.labels, classes: classes, ignored: ignored,
      subjects: (FileNameText.visible(paths.0), FileNameText.visible(paths.1)))
  }
}

/// The PNG files below a folder.
/// - Throws: `InputError` when there are none.
private func pngFiles(below folder: String) throws -> [String] {
  let names = try pictureFiles(below: folder).filter { $0.fileEnding.lowercased() == "png" }
  guard !names.isEmpty else {
    throw InputError(
      FileNameText.visible(folder), "holds no PNG file", "give the folder of the label maps")
  }
  return names
}
