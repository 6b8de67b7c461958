import Synchronization
import Vision

/// Data sets by specification, each opened once however many cells read it.
final class OpenedData: Sendable {
  private let opened = Mutex<[String: Dataset]>([:])

  /// The data of a specification.
  /// - Throws: `InputError` when it is unusable.
  func open(_ specification: String) throws -> Dataset {
    try opened.withLock { opened in
      if let dataset = opened[specification] { return dataset }
      let dataset = try openDataset(specification)
      opened[specification] = dataset
      return dataset
    }
  }
}
