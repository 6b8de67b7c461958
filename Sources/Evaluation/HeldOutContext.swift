import Support
import Vision

extension TaskContext {
  /// The same with a validation split that no head learns from.
  ///
  /// - Parameter fraction: the share of the training images that is cut off; not where the data brings a validation split
  ///   of its own.
  /// - Returns: the surroundings for fitting, and the hash of a division that was made.
  /// - Throws: `InputError` when there are too few training images.
  func holdingOut(_ fraction: Double) throws -> (context: TaskContext, hash: String?) {
    if let own = dataset.validation, own.count > 0 { return (self, nil) }
    let count = Double(dataset.train.count)
    let wanted = max(count * fraction, min(1000, count / 5))
    let division = try dataset.validationSplit(fraction: wanted / max(count, 1))
    let context = TaskContext(
      definition: definition, store: store.replacing(dataset.holdingOut(division)), seed: seed)
    return (context, division.hash)
  }
}
