import Results
import Support
import Vision

/// Errors of another classifier on corrupted images, which those of a checkpoint are divided by.
///
/// Hendrycks and Dietterich 2019: the corruption error of a kind is the sum of a classifier's errors over severities over
/// the sum of the reference's; the relative one has the error on clean images taken off both; mCE is the mean over kinds.
struct CorruptionReference: Sendable {
  /// `alexnet`, or `reference` for a report: part of the metrics' names.
  let name: String
  /// The error on clean images.
  private let clean: Double
  /// The error of each kind at severities 1 to 5.
  private let errors: [String: [Double]]

  private static let alexNet = "alexnet"

  /// Reads the setting `reference`; nil when it is not given.
  ///
  /// - Parameters:
  ///   - fields: the task's settings.
  ///   - corruptions: what the errors are needed for, kind by kind.
  /// - Throws: `InputError` when a report cannot be read, or lacks errors.
  init?(fields: Fields, _ corruptions: [[CorruptionSetting]]) throws {
    let named = try fields.takeOptional(
      "reference", as: String.self,
      "what mCE divides by: alexnet (ImageNet-C only), or a report with this task")
    guard let named else { return nil }
    if named == Self.alexNet {
      self = .published
      guard corruptions.joined().allSatisfy({ $0.generator == .imageNet }) else {
        throw fields.error(
          at: "reference", "AlexNet's errors are those on ImageNet-C",
          "set generator: \(CorruptionGenerator.imageNet.rawValue), or name a report")
      }
    } else {
      self = try Self.read(named, corruptions)
      fields.record("reference_errors", .string(hash))
    }
    for setting in corruptions.joined() {
      guard let known = errors[setting.kind], known.indices.contains(setting.severity - 1),
        known[setting.severity - 1].isFinite
      else {
        throw fields.error(
          at: "reference", "\(named) has no error for \(setting.kind) \(setting.severity)",
          "leave it out, or name a reference that has it")
      }
    }
    for severities in corruptions where sums(severities, less: clean) <= 0 {
      throw fields.error(
        at: "reference", "\(named) is not worse on \(severities[0].kind) than on clean images",
        "no relative error can be had; leave the kind out, or name another reference")
    }
  }

  private init(name: String, clean: Double, errors: [String: [Double]]) {
    self.name = name
    self.clean = clean
    self.errors = errors
  }

  /// What another report's errors are, so that a report that changes is seen.
  private var hash: String {
    let lines = errors.keys.sorted().map { "\($0) \(errors[$0] ?? [])" }
    return SHA256.hex(of: "\(clean)\n" + lines.joined(separator: "\n"))
  }

  /// The errors in a report's entry of the same generator.
  private static func read(
    _ path: String, _ corruptions: [[CorruptionSetting]]
  ) throws -> CorruptionReference {
    let report = try Report.read(path)
    let generator = corruptions.first?.first?.generator.rawValue ?? ""
    let entry = report.tasks.first { task in
      task.task == RobustnessCorruptions.kind && task.status == .ok
        && task.config["generator"]?.string == generator
    }
    guard let entry, let clean = entry.metrics["error_clean"]?.value else {
      throw InputError(
        path, "has no \(RobustnessCorruptions.kind) with the generator \(generator)",
        "evaluate that checkpoint with the same settings first")
    }
    var errors: [String: [Double]] = [:]
    for kind in Set(corruptions.joined().map(\.kind)) {
      errors[kind] = CorruptionSetting.severities.map {
        entry.metrics["error_\(kind)_\($0)"]?.value ?? .nan
      }
    }
    return CorruptionReference(name: "reference", clean: clean, errors: errors)
  }

  /// Refuses data for which the errors of AlexNet mean nothing.
  func checkApplies(_ context: TaskContext) throws {
    guard name != Self.alexNet || context.dataset.classes.count == 1000 else {
      throw InputError(
        context.definition.name,
        "AlexNet's errors are those on ImageNet's 1,000 classes, \(context.dataset.id) has "
          + "\(context.dataset.classes.count)",
        "name a report of a checkpoint on the same data as the reference")
    }
  }

  /// What each image adds to the mean corruption error.
  ///
  /// - Parameters:
  ///   - corruptions: the settings, kind by kind.
  ///   - wrong: for each setting and image 1 where the answer is wrong.
  ///   - base: the same of clean images, taken off for the relative error; nil for the plain one.
  /// - Returns: a number an image; their mean is the mCE, as a fraction.
  func corruptionErrors(
    _ corruptions: [[CorruptionSetting]], _ wrong: [[[UInt8]]], clean base: [UInt8]?
  ) -> [Float] {
    let images = wrong.first?.first?.count ?? 0
    var sums = [Double](repeating: 0, count: images)
    for (severities, columns) in zip(corruptions, wrong) {
      let scale =
        1 / (self.sums(severities, less: base == nil ? 0 : clean) * Double(corruptions.count))
      for column in columns {
        for image in 0..<images {
          sums[image] += (Double(column[image]) - Double(base?[image] ?? 0)) * scale
        }
      }
    }
    return sums.map { Float($0) }
  }

  private func sums(_ severities: [CorruptionSetting], less base: Double) -> Double {
    severities.reduce(0) { $0 + (errors[$1.kind]?[$1.severity - 1] ?? .nan) - base }
  }

  /// AlexNet on ImageNet-C: top-1 errors as published with the benchmark and used to normalise ever since.
  private static let published = CorruptionReference(
    name: alexNet, clean: 0.4348,
    errors: [
      "gaussian_noise": [0.69528, 0.82542, 0.93554, 0.98138, 0.99452],
      "shot_noise": [0.71224, 0.85108, 0.93574, 0.98182, 0.99146],
      "impulse_noise": [0.78374, 0.89808, 0.94870, 0.98720, 0.99548],
      "defocus_blur": [0.65624, 0.73202, 0.85036, 0.91364, 0.94714],
      "glass_blur": [0.64308, 0.75054, 0.88806, 0.91622, 0.93344],
      "motion_blur": [0.58430, 0.70048, 0.82108, 0.89750, 0.92638],
      "zoom_blur": [0.70008, 0.76992, 0.80784, 0.84198, 0.87198],
      "snow": [0.71726, 0.88392, 0.86468, 0.91870, 0.94952],
      "frost": [0.61390, 0.79734, 0.88790, 0.89942, 0.93430],
      "fog": [0.67474, 0.76050, 0.84378, 0.87260, 0.94500],
      "brightness": [0.45140, 0.48502, 0.54048, 0.62166, 0.72440],
      "contrast": [0.64548, 0.76150, 0.88874, 0.97760, 0.99270],
      "elastic_transform": [0.52596, 0.70116, 0.55686, 0.64076, 0.80554],
      "pixelate": [0.52218, 0.54620, 0.73728, 0.87092, 0.91262],
      "jpeg_compression": [0.51002, 0.54718, 0.57294, 0.65458, 0.74778],
    ])
}
