import Foundation
import Support
import TestSupport
import Testing

/// Whole sweeps of the built program on the built-in data.
@Suite(.serialized) struct SweepTests {
  private let folder = TemporaryFolder()

  /// Two masks × two seeds, enough steps that a kill falls into training.
  private static let yaml = """
    recipe: mae-tiny
    settings:
      data: 'scenes?side=16&train=96&test=40'
      encoder: vit-tiny/4@16
      epochs: 2
      batch_size: 32
      minimum_steps: 1
      decoder.width: 32
    axes:
      - mask: [{kind: random, ratio: 0.75}, {kind: grid, ratio: 0.75}]
      - seed: [0, 1]
    evaluation: {tasks: [knn, linear_probe], set: {linear_probe: {epochs: 5}}}
    references: ['random:vit-tiny/4@16', pixels]
    """

  private static let cells = ["random-0.75", "grid-0.75"].flatMap { mask in
    [0, 1].map { "\(mask)-seed-\($0)" }
  }

  private func sweep(
    _ arguments: [String], out: String = "out", yaml: String = SweepTests.yaml
  ) throws -> Program.Result {
    try AtomicFile.write(yaml, to: folder.file("tiny.yaml"))
    return try Program.run(
      ["sweep", folder.file("tiny.yaml"), "--out", folder.file(out)] + arguments,
      environment: ["UNMASK_CACHE": "", "XDG_CACHE_HOME": ""])
  }

  /// SHA-256 of all weights and outcomes.
  private func results(_ out: String) throws -> [String] {
    try Self.cells.flatMap { cell in
      let report = try JSON.parse(contentsOf: folder.file("\(out)/\(cell)/report.json"))
      let predictions =
        report["tasks"]?.array?.compactMap { $0["predictions_sha256"]?.string } ?? []
      #expect(predictions.count == 2)
      return try predictions
        + ["model", "pretraining"].map {
          try SHA256.hex(ofFile: folder.file("\(out)/checkpoints/\(cell)/\($0).safetensors"))
        }
    }
  }

  private func record(_ out: String) throws -> JSON {
    try JSON.parse(contentsOf: folder.file(out + "/sweep.json"))
  }

  @Test func skipsWhatDoesNotApplyToAReference() throws {
    let yaml = Self.yaml.replacingOccurrences(
      of: "[knn, linear_probe]", with: "[knn, representation]"
    )
    .replacingOccurrences(of: ", set: {linear_probe: {epochs: 5}}", with: "")
    .replacingOccurrences(of: "seed: [0, 1]", with: "seed: [0]")
    let result = try sweep([], yaml: yaml)
    #expect(result.code == 0, "\(result.errors)")
    let pixels = try JSON.parse(contentsOf: folder.file("out/pixels/report.json"))
    #expect(pixels["tasks"]?.array?.compactMap { $0["status"]?.string } == ["ok", "skipped"])
  }

  @Test func runsEveryCellAndIsNotRunAgain() throws {
    let result = try sweep([])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("Compute: equal within"))
    #expect(result.output.contains("difference from random 0.75"))
    let record = try record("out")
    let statuses = record["cells"]?.array?.compactMap { $0["status"]?.string }
    #expect(statuses == ["finished", "finished", "finished", "finished"])
    #expect(record["references"]?.array?.count == 2)
    #expect(record["compute"]?["equal"] == true)
    let mean = record["summary"]?["rows"]?[0]?["tasks"]?["knn"]
    #expect(mean?["values"]?.array?.count == 2)

    let features = try FileManager.default.contentsOfDirectory(
      atPath: folder.file("out/.cache/features"))
    #expect(features.isEmpty)

    let before = try results("out")
    #expect(try sweep([]).code == 2)
    let path = folder.file("out/grid-0.75-seed-1/report.json")
    let made = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    let again = try sweep(["--resume"])
    #expect(again.code == 0 && again.errors.contains("6 of 6 finished already"))
    #expect(again.output == result.output)
    let kept = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
    #expect(made == kept)
    #expect(try results("out") == before)

    // Reports and checkpoints are ordinary ones, and the shell's `*` may catch the rest.
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file("out"))
    let paths = names.filter { !$0.hasPrefix(".") }.map { folder.file("out/" + $0) }
    #expect(try Program.run(["compare"] + paths).code == 0)
    #expect(
      try Program.run(["validate", folder.file("out/checkpoints/grid-0.75-seed-0")]).code == 0)
  }

  @Test func jobsAndKillsDoNotChangeAnyBit() throws {
    #expect(try sweep([], out: "whole").code == 0)
    let whole = try results("whole")
    #expect(try sweep(["--jobs", "2", "--threads", "3"], out: "jobs").code == 0)
    #expect(try results("jobs") == whole)

    // Killed after ever more time: in training, in evaluation and between them.
    for round in 1...6 {
      let process = try Program.start(
        ["sweep", folder.file("tiny.yaml"), "--out", folder.file("killed"), "--resume"],
        environment: ["UNMASK_CACHE": "", "XDG_CACHE_HOME": ""],
        output: folder.file("output"), errors: folder.file("errors"))
      Thread.sleep(forTimeInterval: 0.4 * Double(round))
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(try sweep(["--resume"], out: "killed").code == 0)
    #expect(try results("killed") == whole)
  }

  /// Killed as soon as a state was saved, while training goes on.
  @Test func trainingGoesOnFromTheSavedStep() throws {
    let yaml = Self.yaml.replacing("epochs: 2", with: "epochs: 40")
      .replacing("- seed: [0, 1]", with: "- seed: [0]")
      .replacing(", {kind: grid, ratio: 0.75}", with: "")
    let cell = "random-0.75-seed-0"
    #expect(try sweep([], out: "whole", yaml: yaml).code == 0)
    let process = try Program.start(
      ["sweep", folder.file("tiny.yaml"), "--out", folder.file("killed")],
      environment: ["UNMASK_CACHE": "", "XDG_CACHE_HOME": ""],
      output: folder.file("output"), errors: folder.file("errors"))
    let state = folder.file("killed/checkpoints/\(cell)/state.safetensors")
    while process.isRunning, !FileManager.default.fileExists(atPath: state) {
      Thread.sleep(forTimeInterval: 0.02)
    }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let resumed = try sweep(["--resume"], out: "killed", yaml: yaml)
    #expect(resumed.code == 0 && resumed.errors.contains("resuming"), "\(resumed.errors)")
    for file in ["checkpoints/\(cell)/model.safetensors", "\(cell)/predictions/linear_probe.npy"] {
      let hashes = try ["whole", "killed"].map {
        try SHA256.hex(ofFile: folder.file($0) + "/" + file)
      }
      #expect(hashes[0] == hashes[1])
    }
  }

  @Test func aChangedOrDamagedCellIsComputedAgain() throws {
    #expect(try sweep([]).code == 0)
    let before = try results("out")
    let weights = folder.file("out/checkpoints/random-0.75-seed-0/model.safetensors")
    var bytes = try #require(FileManager.default.contents(atPath: weights))
    bytes[bytes.count - 5] ^= 1
    try AtomicFile.write(bytes, to: weights)
    let repaired = try sweep(["--resume"])
    #expect(repaired.errors.contains("5 of 6 finished already"))
    #expect(repaired.errors.contains("pretrained anew"))
    #expect(try results("out") == before)

    let other = Self.yaml.replacing("epochs: 2", with: "epochs: 1")
    let changed = try sweep(["--resume"], yaml: other)
    #expect(changed.code == 0 && changed.errors.contains("2 of 6 finished already"))
    #expect(try results("out") != before)
  }

  @Test func aFailingCellIsRecordedAndTheOthersRun() throws {
    let yaml = """
      settings:
        data: 'scenes?side=16&train=64&test=20'
        encoder: vit-tiny/4@16
        epochs: 20
        batch_size: 32
        minimum_steps: 1
        decoder: {width: 32}
        precision: fp32
        optimizer: {warm_up_epochs: 0, weight_decay: 10}
      axes: {optimizer.base_learning_rate: [10, 0.001]}
      evaluation: {tasks: [knn]}
      """
    let result = try sweep([], yaml: yaml)
    #expect(result.code == 1)
    let cells = try #require(try record("out")["cells"]?.array)
    #expect(cells.compactMap { $0["status"]?.string } == ["failed", "finished"])
    #expect(cells[0]["error"]?.string?.contains("the loss is") == true)
    #expect(result.output.contains("failed"))
  }

  @Test func dryRunWritesNothing() throws {
    let result = try sweep(["--dry-run"])
    #expect(result.code == 0 && result.output.contains("16 of 64") == false)
    #expect(result.output.contains("4 of 16"))
    #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
  }

  @Test(arguments: [
    ("axes: {mask: [{kind: blok, ratio: 0.5}]}", "cell blok-0.5: mask.kind: no 'blok'"),
    ("axes: {mask: [{kind: grid, ratio: 0.6}]}", "a grid cannot hide 0.6"),
    ("axes: {mask: [{kind: focal, ratio: 0.7}]}", "a square cannot leave 0.7"),
    (
      "axes: {mask: [{kind: random, ratio: 0.5}, {kind: random, ratio: 1.5}]}",
      "cell random-1.5: mask.ratio must be from 0 to 0.99, is 1.5"
    ),
    (
      "axes: {mask: [{kind: random, raito: 0.5}]}",
      "unknown key 'raito' in mask; did you mean 'ratio'?"
    ),
    ("axes: {mask.raito: [0.5]}", "did you mean 'mask.ratio'?"),
    ("axes: {recipe: [mae-tiny, mae-tny]}", "did you mean 'mae-tiny'?"),
    ("axes: {seed: [0, 0]}", "two values called 'seed 0'"),
    ("axes: {seed: [0, [1]]}", "a value of the axis 'seed' is a list"),
    ("axis: {seed: [0, 1]}", "unknown key 'axis'; did you mean 'axes'?"),
    ("recipe: mae-tiny", "axes is missing"),
    ("axes: {x: [{label: a, sett: {seed: 1}}]}", "did you mean 'set'?"),
    (
      "axes: {x: [{label: a, set: {mask.ratio: 0.75}}, {label: b, set: {mask.ratio: 0.75}}]}",
      "the cells a and b are the same run"
    ),
    ("settings: {mask.ratio: 0.5}\naxes: {mask: [{kind: grid}]}", "set here, and again by 'mask'"),
    ("axes: {data: [scenes, 'scenes?train=50']}", "say in evaluation.data"),
    ("axes: {seed: [0]}\nevaluation: {tasks: [kn]}", "did you mean 'knn'?"),
    ("axes: {seed: [0]}\nreferences: [pixels, pixels]", "would be called 'pixels'"),
    ("axes: {seed: [0]}\nreferences: ['random:vit-tny/4@32']", "there is no encoder"),
  ])
  func mistakesAreOneLineAndExitTwo(yaml: String, words: String) throws {
    let result = try sweep([], yaml: yaml)
    #expect(result.code == 2)
    #expect(result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
  }

  @Test func validateReadsSweepsAndGates() throws {
    try AtomicFile.write(Self.yaml, to: folder.file("tiny.yaml"))
    try AtomicFile.write("default_margin: 2\n", to: folder.file("mine.yaml"))
    let paths = ["tiny.yaml", "mine.yaml"].map { folder.file($0) } + ["tasks/sweeps/masks.yaml"]
    let result = try Program.run(["validate"] + paths)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("a sweep, 4 cells (2 settings), 2 tasks, 2 references"))
    #expect(result.output.contains("a gate") && result.output.contains("14 cells"))
    try AtomicFile.write("defualt_margin: 2\n", to: folder.file("gate.yaml"))
    try AtomicFile.write("axes: {mask: [{kind: blok}]}\n", to: folder.file("bad.yaml"))
    let wrong = try Program.run(["validate", folder.file("gate.yaml"), folder.file("bad.yaml")])
    #expect(wrong.code == 2 && wrong.errorLines.count == 2)
    #expect(wrong.errors.contains("did you mean 'default_margin'?"))
  }
}
