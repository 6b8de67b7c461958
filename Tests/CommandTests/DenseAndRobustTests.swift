import Foundation
import Results
import Support
import TestSupport
import Testing
import Vision

/// Segmentation and robustness, as a user asks for them.
struct DenseAndRobustTests {
  private let folder = TemporaryFolder()
  private static let tasks = [
    "--tasks", "segmentation,robustness_corruptions", "--data", "scenes:?train=120&test=60",
    "--set", "segmentation.epochs=3", "--set", "segmentation.learning_rates=[0.003, 0.03]",
    "--set", "robustness_corruptions.kinds=[gaussian_noise]",
  ]

  private func evaluate(
    _ checkpoint: String = "random:vit-tiny/4@32", threads: Int = 2, more: [String] = []
  ) throws -> Report {
    let out = folder.file("\(threads)")
    let result = try Program.run(
      ["evaluate", checkpoint, "--out", out, "--name", "x", "--threads", "\(threads)"] + Self.tasks
        + more)
    #expect(result.code == 0, "\(result.errors)")
    return try Report.read(out + "/x")
  }

  @Test func reportsAreValidAndTheSameForAnyThreads() throws {
    let reports = try [1, 2, 3].map { try evaluate(threads: $0) }
    for report in reports {
      try report.verifyPredictions()
      #expect(report.tasks.map(\.status) == [.ok, .ok])
    }
    // The command line names the threads; all that was measured is equal.
    let tasks = reports.map { report in
      report.tasks.map { task in
        var task = task
        task.timing = nil
        return task
      }
    }
    #expect(tasks[0] == tasks[1] && tasks[0] == tasks[2])
    let out = folder.file("1")
    let valid = try Program.run(["validate", out + "/x/report.json"])
    #expect(valid.code == 0, "\(valid.errors)")
    // One file of outcomes a set, beside those of the entries; features of spoilt pictures are not kept.
    let files = try FileSystem.names(in: out + "/x/predictions").sorted()
    #expect(
      files == (1...5).map { "robustness_corruptions-gaussian_noise-\($0).npy" } + [
        "robustness_corruptions-test.npy", "robustness_corruptions.npy", "segmentation.npy",
      ])
    #expect(try FileSystem.names(in: out + "/.cache/features").count == 4)
    let schema = try JSON.parse(contentsOf: packageFolder + "/docs/report.schema.json")
    #expect(schema["$defs"]?["set"] != nil)
  }

  @Test func comparedCheckpointsArePairedPictureByPicture() throws {
    for (name, checkpoint) in [("a", "random:vit-tiny/4@32"), ("b", "pixels")] {
      let result = try Program.run(
        ["evaluate", checkpoint, "--out", folder.path, "--name", name] + Self.tasks)
      #expect(result.code == 0, "\(result.errors)")
    }
    let result = try Program.run(["compare", folder.file("a"), folder.file("b")])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("segmentation miou_present"))
    #expect(result.output.contains("robustness_corruptions mean_error"))
    let json = try Program.run(
      ["compare", folder.file("a"), folder.file("b"), "--format", "json"])
    #expect(json.code == 0 && json.output.contains("paired bootstrap"))
    let again = try Program.run(
      ["evaluate", "pixels", "--out", folder.path, "--name", "b"] + Self.tasks)
    #expect(again.code == 0, "finished tasks are taken from where they are kept")
    try Report.read(folder.file("b")).verifyPredictions()
  }

  @Test func dataWithoutMapsIsRefusedAndSpoiltPassesAreAnnounced() throws {
    let grey = encodePNG(Image(width: 8, height: 8, pixels: [UInt8](repeating: 90, count: 192)))
    for split in ["train", "test"] {
      for name in ["a", "b"] {
        try AtomicFile.write(grey, to: folder.file("pictures/\(split)/\(name)/1.png"))
      }
    }
    let plain = try Program.run([
      "evaluate", "pixels", "--tasks", "segmentation", "--data",
      "folder:" + folder.file("pictures"),
      "--out", folder.path,
    ])
    #expect(plain.code == 1 && plain.errors.contains("nothing says the label map of its images"))
    let dry = try Program.run(
      ["evaluate", "pixels", "--dry-run", "--out", folder.path] + Self.tasks)
    #expect(dry.code == 0, "\(dry.errors)")
    #expect(dry.output.contains("5 spoilt copies of 60 images through the encoder"))
  }

  @Test func corruptionsAreListed() throws {
    let result = try Program.run(["list", "corruptions"])
    #expect(
      result.code == 0 && result.output.contains("gaussian_noise     independent normal noise"))
    #expect(result.output.split(separator: "\n").count == 19)
  }

  @Test func aPictureIsSpoiltAsTheTasksSpoilIt() throws {
    let picture = try openDataset("scenes").test.image(at: 2)
    try encodePNG(picture).write(to: URL(fileURLWithPath: folder.file("a.png")))
    func corrupt(_ out: String, _ more: [String] = []) throws -> Image {
      let result = try Program.run(
        [
          "corrupt", folder.file("a.png"), "--kind", "gaussian_noise", "--severity", "4", "--out",
          folder.file(out),
        ] + more)
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.output.contains("gaussian_noise 4 of cifar-c-math@1, 32×32"))
      return try readImage(folder.file(out))
    }
    let spoilt = try corrupt("b.png")
    let setting = try CorruptionSetting(kind: "gaussian_noise", severity: 4, generator: .cifar)
    #expect(try setting.apply(to: picture, id: "a.png") == spoilt)
    #expect(try corrupt("c.png") == spoilt)
    #expect(try corrupt("d.png", ["--seed", "1"]) != spoilt)
    // σ is 0.09; a scene has few samples near black or white.
    let distances = zip(spoilt.pixels, picture.pixels).map { (Double($0) - Double($1)) / 255 }
    let squares = distances.reduce(0.0) { $0 + $1 * $1 }
    let deviation = (squares / Double(picture.pixels.count)).squareRoot()
    #expect(deviation > 0.08 && deviation < 0.095, "\(deviation)")
  }

  @Test func aSheetHoldsEveryKind() throws {
    let picture = try openDataset("scenes").test.image(at: 2)
    try encodePNG(picture).write(to: URL(fileURLWithPath: folder.file("a.png")))
    let result = try Program.run([
      "corrupt", folder.file("a.png"), "--kind", "all", "--severity", "3", "--out",
      folder.file("sheet.png"),
    ])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("all 3 of cifar-c-math@1, 32×32"))
    // Twenty cells, five a row, each four times as large as the picture, with a label above.
    let sheet = try readImage(folder.file("sheet.png"))
    #expect(sheet.width == 5 * (4 * 32 + 8) + 8 && sheet.height == 4 * (4 * 32 + 7 + 16) + 8)
    let first = (0..<32).map { sheet.pixels[3 * ((8 + 7 + 4) * sheet.width + 8 + 4 * $0)] }
    #expect(first == (0..<32).map { picture.pixels[3 * $0] })
  }

  @Test func frostOfAFolderIsNamed() throws {
    try encodePNG(try openDataset("scenes").test.image(at: 2))
      .write(to: URL(fileURLWithPath: folder.file("a.png")))
    let options = ["--kind", "frost", "--severity", "2", "--out", folder.file("b.png"), "--frost"]
    let result = try Program.run(["corrupt", folder.file("a.png")] + options + [folder.path])
    #expect(result.code == 0 && result.output.contains("cifar-c-math@1+frost-"), "\(result.errors)")
    let empty = try Program.run(
      ["corrupt", folder.file("a.png")] + options + [folder.file("nowhere")])
    #expect(empty.code == 2 && empty.errorLines.count == 1 && empty.errors.contains("nowhere"))
  }

  @Test(arguments: [
    (["--kind", "gausian_noise"], "did you mean 'gaussian_noise'?"),
    (["--severity", "6"], "--severity must be from 1 to 5, is 6"),
    (["--severity", "0"], "--severity must be from 1 to 5, is 0"),
    (["--out", "noisy.jpg"], "--out must end in .png, is noisy.jpg"),
    (["--out", "/proc/nowhere/a.png"], "/proc/nowhere"),
    (["--seed", "-1"], "--seed"),
  ])
  func wrongUseOfCorruptIsOneLine(arguments: [String], words: String) throws {
    try encodePNG(Image(width: 8, height: 8, pixels: [UInt8](repeating: 90, count: 192)))
      .write(to: URL(fileURLWithPath: folder.file("a.png")))
    var options = ["--kind": "gaussian_noise", "--severity": "1", "--out": folder.file("b.png")]
    options[arguments[0]] = arguments[1]
    let result = try Program.run(
      ["corrupt", folder.file("a.png")]
        + options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] })
    #expect(result.code == 2 && result.errorLines.count == 1, "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
    #expect(result.output.isEmpty)
  }

  @Test func whatIsNoPictureIsOneLine() throws {
    for name in ["absent.png", "text.png"] {
      try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder.file("text.png")))
      let result = try Program.run([
        "corrupt", folder.file(name), "--kind", "gaussian_noise", "--severity", "1", "--out",
        folder.file("b.png"),
      ])
      #expect(result.code == 2 && result.errorLines.count == 1 && result.errors.contains(name))
    }
  }
}
