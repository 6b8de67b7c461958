import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing
import Vision

@Suite("Robustness to corruptions")
struct RobustnessTests {
  private let folder = TemporaryFolder()
  private static let name = "robustness_corruptions"

  private func result(
    _ settings: [String] = ["generator=imagenet-c-math@1"], threads: Int = 2, seed: UInt64 = 0,
    folder: TemporaryFolder? = nil
  ) throws -> TaskResult {
    try run(
      task(Self.name, ["kinds=[gaussian_noise]"] + settings), on: smallSubject(),
      syntheticDataset(noise: 60),
      cache: FeatureCache(folder: (folder ?? self.folder).path), threads: threads, seed: seed)
  }

  @Test("Scores are those of the head on each copy, and their means follow from the table")
  func scores() throws {
    let result = try result()
    #expect(result.status == .ok && result.headline == "mean_error")
    #expect(
      result.sets.map(\.name) == ["test"] + (1...5).map { "gaussian_noise-\($0)" })
    let table = try #require(result.predictions)
    var errors: [Double] = []
    for set in result.sets {
      let own = try #require(set.predictions)
      #expect(own.ids == table.ids)
      let right = try #require(own["correct"]?.doubles)
      let column = set.corruption.map { "error_\($0.kind)_\($0.severity)" } ?? "error_clean"
      #expect(table[column]?.doubles == right.map { 1 - $0 })
      let error = 1 - right.reduce(0, +) / Double(right.count)
      #expect(abs((result.metrics[column]?.value ?? 9) - error) < 1e-12)
      #expect(result.metrics[column]?.higherIsBetter == false)
      if set.corruption != nil { errors.append(error) }
    }
    let mean = errors.reduce(0, +) / 5
    for name in ["mean_error", "error_gaussian_noise"] {
      #expect(abs((result.metrics[name]?.value ?? 9) - mean) < 1e-6)
    }
    let clean = try #require(result.metrics["top1"]?.value)
    #expect(abs((result.metrics["relative_accuracy"]?.value ?? 9) - (1 - mean) / clean) < 1e-6)
    // Noise does harm here, the worst the most.
    #expect(errors[4] > errors[0] && mean > 1 - clean)
    #expect(result.generatorVersions == ["imagenet-c-math": 1])
    for (name, metric) in result.metrics {
      guard let outcome = metric.outcome else { continue }
      let columns = try OutcomeColumns(outcome, of: table, file: "table")
      #expect(abs(columns.value - metric.value) < 1e-6, "\(name)")
    }
  }

  @Test("The clean score is that of the task whose head it is")
  func clean() throws {
    let robust = try result()
    let knn = try run(
      task("knn", ["neighbors=[20]"]), on: smallSubject(), syntheticDataset(noise: 60),
      cache: FeatureCache(folder: folder.path))
    #expect(robust.metrics["top1"] == knn.metrics["top1"])
    #expect(robust.sets[0].predictions == knn.predictions)
  }

  @Test("The same result for any number of threads, and with a linear probe")
  func threads() throws {
    let head = ["head={task: linear_probe, epochs: 10, base_learning_rates: [0.3, 1]}"]
    for settings in [["severities=[2, 5]"], ["severities=[2, 5]"] + head] {
      let results = try [1, 2, 3].map { threads in
        let folder = TemporaryFolder()
        var result = try result(settings, threads: threads, folder: folder)
        result.timing = nil
        return result
      }
      #expect(results[0] == results[1] && results[0] == results[2])
      #expect(results[0].sets.count == 3)
    }
    let probe = try result(["severities=[1]"] + head)
    #expect(probe.config["head"]?["task"] == "linear_probe")
    #expect(probe.hyperparameters?.searched["base_learning_rate"] == [0.3, 1.0])
    #expect(probe.headParameters == 4 * 193)
  }

  @Test(
    "Generator, kinds, severities and the draws' seed are in the key; the run's seed changes no picture"
  )
  func comparability() throws {
    let base = try result(["severities=[3]"])
    let others = try [
      ["severities=[3]", "generator=imagenet-c-math@1"], ["severities=[3]", "corruption_seed=1"],
      ["severities=[3, 4]"],
    ].map { try result($0) }
    #expect(Set(([base] + others).map(\.comparabilityKey)).count == 4)
    let again = try result(["severities=[3]"], seed: 7)
    #expect(again.comparabilityKey == base.comparabilityKey)
    #expect(again.predictions == base.predictions)
  }

  /// An array of uint8 as NumPy saves it.
  private func save(_ values: [UInt8], _ shape: [Int], _ name: String) throws {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(sizes)), }"
    let header = text.padding(toLength: 117, withPad: " ", startingAt: 0) + "\n"
    let start: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
    try AtomicFile.write(Data(start + values), to: folder.file("c/\(name).npy"))
  }

  @Test("Released files are read as they are, severity after severity")
  func files() throws {
    let test = syntheticDataset(noise: 60).test
    let setting = try CorruptionSetting(kind: "gaussian_noise", severity: 5, generator: .imageNet)
    var pixels: [UInt8] = []
    for severity in 1...5 {
      for index in 0..<60 {
        let clean = try test.image(at: index)
        // Severity 2 is the noise that is made at severity 5, all others are clean.
        pixels +=
          try severity == 2
          ? setting.apply(to: clean, id: test.exampleID(at: index)).pixels : clean.pixels
      }
    }
    let labels = (0..<300).map { UInt8(test.label(at: $0 % 60)) }
    try save(pixels, [300, 16, 16, 3], "gaussian_noise")
    try save(labels, [300], "labels")
    let read = try result(["files=\(folder.file("c"))", "severities=[1, 2]"])
    let made = try result(["severities=[5]", "generator=imagenet-c-math@1"])
    #expect(
      read.metrics["error_gaussian_noise_1"]?.value == read.metrics["error_clean"]?.value)
    #expect(read.sets[2].predictions == made.sets[1].predictions)
    #expect(read.generatorVersions.keys.allSatisfy { $0.hasPrefix("corrupted-files-") })
    #expect(read.sets[1].corruption?.generator == read.generatorVersions.keys.first)
    func line(_ more: [String] = []) -> String {
      do {
        _ = try result(["files=\(folder.file("c"))"] + more)
        return "no error"
      } catch { return (error as? InputError)?.errorDescription ?? "\(error)" }
    }
    #expect(line(["kinds=[fog]"]).contains("fog.npy"))
    try save(labels.reversed(), [300], "labels")
    #expect(line().contains("labels.npy: image 0 has label"))
    try save(Array(labels.dropLast()), [299], "labels")
    #expect(line().contains("has shape [299]"))
    try save(Array(labels.prefix(200)), [200], "labels")
    try save(Array(pixels.prefix(200 * 768)), [200, 16, 16, 3], "gaussian_noise")
    #expect(line().contains("holds 40 images of each severity, synthetic has 60"))
  }

  @Test("Names of groups stand for their kinds")
  func groups() throws {
    func kinds(_ named: String) throws -> [String] {
      let sets = try task(Self.name, ["kinds=\(named)", "severities=[2]"]).task.sets
      return sets.compactMap { $0.corruption?.kind }
    }
    let (test, extra) = (try kinds("[test]"), try kinds("[extra]"))
    #expect(test.count == 15 && extra.count == 4 && Set(test).isDisjoint(with: extra))
    #expect(Set(try kinds("[all]")) == Set(test + extra))
    #expect(try kinds("[extra, fog]") == extra + ["fog"])
    #expect(try task(Self.name).task.sets.count == 76)
    #expect(throws: InputError.self) { try kinds("[test, fog]") }
  }

  @Test("Kinds with other means than noise run through the encoder, too")
  func otherKinds() throws {
    let result = try result([
      "kinds=[brightness, fog, frost]", "severities=[1, 5]", "generator=cifar-c-math@1",
    ])
    #expect(
      Set(result.metrics.keys).isSuperset(of: ["error_brightness_1", "error_fog", "error_frost_5"]))
    #expect(result.generatorVersions == ["cifar-c-math": 1])
    #expect(result.sets.count == 7)
  }

  @Test("A picture too small for a filter fails the task in one line")
  func smallPictures() {
    #expect {
      try result([
        "kinds=[motion_blur]", "severities=[5]", "generator=imagenet-c-math@1",
      ])
    } throws: {
      ($0 as? InputError)?.errorDescription?.contains("are too few for motion_blur 5") == true
    }
  }

  @Test("What makes no sense is refused with the nearest name")
  func refusals() {
    func line(_ settings: [String]) -> String {
      do {
        _ = try task(Self.name, settings)
        return "no error"
      } catch { return (error as? InputError)?.errorDescription ?? "\(error)" }
    }
    #expect(line(["kinds=[gausian_noise]"]).contains("did you mean 'gaussian_noise'?"))
    #expect(line(["severities=[6]"]).contains("severities must be"))
    #expect(line(["severities=[]"]).contains("the list is empty"))
    #expect(line(["severities=[1, 1]"]).contains("twice"))
    #expect(line(["generator=cifar-c-math@2"]).contains("did you mean 'cifar-c-math@1'?"))
    #expect(line(["head.task=segmentation"]).contains("no 'segmentation'"))
    #expect(line(["head.neighbours=[20]"]).contains("neighbors"))
  }
}
