import Support
import Tensors

extension Dataset {
  /// The data set without the pictures that cannot be decoded.
  ///
  /// Decodes every picture once. Name and fingerprint tell the rest from the whole set, and `reading`
  /// names what is left out. A set without such pictures stays as it is.
  /// - Parameters:
  ///   - greatest: how many there may be.
  ///   - pool: shares out the work.
  /// - Returns: the rest.
  /// - Throws: `InputError` when there are more, or when they are all of a split.
  package func withoutUnreadable(atMost greatest: Int, pool: WorkerPool) throws -> Dataset {
    var unreadable: [String] = []
    var first: String?
    func readable(_ split: any ImageSplit) throws -> any ImageSplit {
      let errors = pool.map(split.count) { index -> String? in
        do {
          _ = try split.image(at: index)
          return nil
        } catch { return Log.line(for: error) }
      }
      first = first ?? errors.lazy.compactMap { $0 }.first
      let kept = errors.indices.filter { errors[$0] == nil }
      unreadable += errors.indices.filter { errors[$0] != nil }.map { split.exampleID(at: $0) }
      return kept.count == split.count ? split : SubsetSplit(base: split, indices: kept)
    }
    let train = try readable(train)
    let validation = try validation.map(readable)
    let test = try readable(test)
    guard let first else { return self }
    guard unreadable.count <= greatest else {
      throw InputError(
        id,
        "\(unreadable.count) pictures cannot be read, --skip-unreadable allows \(greatest); the first: \(first)",
        "replace them, or allow more")
    }
    for (name, split) in [("train", train), ("validation", validation), ("test", test)] {
      guard split?.count != 0 else { throw InputError(id, "no picture of \(name) can be read") }
    }
    var reading = reading
    reading.unreadable = unreadable
    return Dataset(
      id: "\(id), without \(unreadable.count) unreadable", classes: classes,
      annotations: annotations, mapClasses: mapClasses,
      fingerprint: SHA256.hex(
        of: "\(fingerprint) without\n" + unreadable.joined(separator: "\n")),
      train: train, validation: validation, test: test, limit: limit, reading: reading)
  }
}
