import Support

/// How a probe changes training images, as the task file says.
struct ProbeAugmentation: Sendable, Equatable {
  /// The least share of the image's area that a crop keeps.
  let minimumScale: Double
  /// Whether half of the images are mirrored.
  let flip: Bool
}

/// The settings that all trained probes have in common.
struct ProbeTraining: Sendable {
  let schedule: ProbeSchedule
  /// Learning rates for a batch of 256; they grow in proportion with the batch.
  let baseRates: [Double]
  let decays: [Double]
  let augmentation: ProbeAugmentation?
  let validationFraction: Double

  /// Whether there are several settings to choose from.
  var isSearch: Bool { baseRates.count * decays.count > 1 }

  /// The splits that a probe reads.
  var splits: [String] { isSearch ? ["train", "validation", "test"] : ["train", "test"] }

  /// Reads the settings of a task file.
  ///
  /// - Parameter fields: the file.
  /// - Throws: `InputError` when a value is out of bounds.
  init(fields: Fields) throws {
    schedule = ProbeSchedule(
      epochs: try fields.take("epochs", default: 90, in: 1...10_000, "passes over the data"),
      warmUpEpochs: try fields.take(
        "warm_up_epochs", default: 10, in: 0...10_000, "epochs of rising learning rate"),
      batchSize: try fields.take(
        "batch_size", default: 1024, in: 2...1_000_000, "examples a step"))
    baseRates = try fields.take(
      "base_learning_rates", default: [0.1], in: 1e-9...1e6,
      "learning rates for a batch of 256; several are searched")
    decays = try fields.take(
      "weight_decays", default: [0.0], in: 0...1, "L2 decay of weights; several are searched")
    validationFraction = try fields.take(
      "validation_fraction", default: 0.1, in: 0.001...0.5,
      "share of train that hyper-parameters are chosen on, where the data has no validation split; "
        + "at least 1,000 images or a fifth")
    let crop = try fields.takeFields("augmentation", "changes of training images; none if absent")
    if crop.keys.isEmpty {
      augmentation = nil
    } else {
      augmentation = ProbeAugmentation(
        minimumScale: try crop.take(
          "minimum_scale", default: 0.08, in: 0.01...1, "least share of the area that is kept"),
        flip: try crop.take("flip", default: true, "whether half of the images are mirrored"))
    }
    guard !baseRates.isEmpty, !decays.isEmpty else {
      throw fields.error(
        at: baseRates.isEmpty ? "base_learning_rates" : "weight_decays", "the list is empty",
        "give at least one value")
    }
  }
}
