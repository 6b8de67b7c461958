import Support

/// Corrupted test images as released in NumPy arrays, such as CIFAR-10-C: `KIND.npy`, all images of severity 1 first, then
/// those of severity 2, to 5; `labels.npy` beside them.
package final class CorruptedFiles: Sendable, Hashable {
  /// What tells these from others in a report: `corrupted-files-3f2a91c0`.
  package let id: String
  private let folder: String
  private let pictures: [String: PackedSplit]
  private let labels: [Int]
  /// Images of a severity.
  private let count: Int

  /// Maps the files of some kinds.
  ///
  /// - Parameters:
  ///   - folder: where they are.
  ///   - kinds: which are needed.
  /// - Throws: `InputError` when one is missing, or is no array of uint8 images, five times as many as test images.
  package init(folder: String, kinds: [String]) throws {
    let severities = CorruptionSetting.severities.count
    let labels = try NumPyArray(folder + "/labels.npy")
    var pictures: [String: PackedSplit] = [:]
    var hash = SHA256()
    unsafe labels.withBytes { unsafe hash.update($0) }
    for kind in kinds.sorted() {
      let images = try NumPyArray("\(folder)/\(kind).npy")
      pictures[kind] = try ArrayPictures(images: images, labels: labels).split(kind)
      hash.update("\(kind) \(images.shape)")
      unsafe images.withBytes { unsafe hash.update($0) }
    }
    guard labels.count > 0, labels.count.isMultiple(of: severities) else {
      throw InputError(
        labels.path, "holds \(labels.count) labels, not as many for each of five severities",
        "give the files as released")
    }
    count = labels.count / severities
    self.labels = (0..<labels.count).map { labels.integer(at: $0) }
    self.pictures = pictures
    self.folder = folder
    id = "corrupted-files-" + hash.hex().prefix(8)
  }

  /// Refuses images that the files are not those of.
  ///
  /// - Parameters:
  ///   - split: the clean images.
  ///   - dataset: what they belong to, for the message.
  /// - Throws: `InputError` when there are more or fewer, or their labels are others.
  package func check(_ split: any ImageSplit, of dataset: String) throws {
    guard split.count == count else {
      throw InputError(
        folder, "holds \(count) images of each severity, \(dataset) has \(split.count) to test on",
        "give the whole data set that they were made of, without --limit")
    }
    let own = split.labels
    if let place = labels.indices.first(where: { labels[$0] != own[$0 % count] }) {
      throw InputError(
        folder + "/labels.npy",
        "image \(place) has label \(labels[place]), in \(dataset) it is \(own[place % count])",
        "give the data set that they were made of")
    }
  }

  /// An image.
  func image(_ setting: CorruptionSetting, at index: Int) throws -> Image {
    guard let split = pictures[setting.kind] else {
      throw InputError(folder, "no file of \(setting.kind) was opened")
    }
    return try split.image(at: setting.index * count + index)
  }

  package static func == (left: CorruptedFiles, right: CorruptedFiles) -> Bool {
    left.id == right.id
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(id) }
}
