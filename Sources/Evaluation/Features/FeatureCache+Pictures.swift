import Support
import Vision

extension FeatureCache {
  /// The pictures of a data set that lack their last blocks, by their ids.
  ///
  /// Features that are there spare decoding, so what was found once is remembered beside them.
  /// - Parameter dataset: the data, as used.
  /// - Returns: the ids of those found in this run or an earlier one, in alphabetical order.
  /// - Throws: `InputError` when the record cannot be written.
  func truncatedPictures(of dataset: Dataset) throws -> [String] {
    let path = folder + "/pictures/\(dataset.fingerprint).json"
    let record = FileSystem.exists(path) ? try? JSON.parse(contentsOf: path) : nil
    let known = Set((record?["truncated"]?.array ?? []).compactMap { $0.string })
    let found = dataset.splits.flatMap { _, split in
      (0..<split.count).filter { split.isTruncated(at: $0) }.map { split.exampleID(at: $0) }
    }
    let all = known.union(found)
    if all != known {
      let text = JSON.object(["truncated": .array(all.sorted().map { .string($0) })]).text()
      try AtomicFile.write(text + "\n", to: path)
    }
    return all.sorted()
  }
}
