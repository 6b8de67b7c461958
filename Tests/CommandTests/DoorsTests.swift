import Foundation
import Support
import TestSupport
import Testing

/// Ways into and out of the program that an everyday run does not take.
struct DoorsTests {
  private let folder = TemporaryFolder()

  private static let evaluation = [
    "evaluate", "pixels", "--tasks", "knn", "--data", "scenes?train=40&test=20",
  ]

  private func expectOneLine(
    _ result: Program.Result, _ words: String, location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.code == 2, "\(result.errors)", sourceLocation: location)
    #expect(
      result.errorLines.count == 1 && result.errors.contains(words), "\(result.errors)",
      sourceLocation: location)
  }

  @Test(arguments: ["../evil", "/tmp/evil", "..", ".", ".hidden", "a/b"])
  func aNameStaysInsideTheFolderOfResults(name: String) throws {
    let result = try Program.run(
      Self.evaluation + ["--out", folder.file("out"), "--name=\(name)"])
    expectOneLine(result, "--name")
    #expect(!FileSystem.exists(folder.file("out")) && !FileSystem.exists(folder.file("evil")))
  }

  /// The program took its own output for a signal, or wrote messages into its own files.
  @Test(arguments: ["0<&-", "1>&-", "2>&-", "0<&- 1>&-", "0<&- 1>&- 2>&-", "1>&- 2>&-"])
  func closedDescriptorsAreOpenedOnNothing(closing: String) throws {
    let out = folder.file("made")
    let result = try Program.shell(
      "\"$UNMASK\" pretrain mae-tiny --data 'scenes?side=16&train=64&test=10' --encoder "
        + "vit-tiny/4@16 --epochs 1 --out \(out) \(closing)")
    #expect(result.code == 0, "\(result.errors)")
    #expect(try Program.run(["validate", out]).code == 0)
    let listed = try Program.shell("\"$UNMASK\" list tasks \(closing)")
    #expect(listed.code == 0)
  }

  @Test(arguments: [
    ["inspect", "PIPE"], ["validate", "PIPE.yaml"], ["validate", "PIPE.json"], ["compare", "PIPE"],
    ["convert", "PIPE", "--out", "OUT"], ["features", "PIPE", "--data", "scenes", "--out", "OUT"],
    ["evaluate", "PIPE", "--data", "scenes", "--out", "OUT"], ["pretrain", "PIPE.yaml"],
    ["sweep", "PIPE.yaml"], ["gate", "--baseline", "PIPE", "--candidate", "PIPE"],
    ["gate", "--baseline", "PIPE", "--candidate", "PIPE", "--config", "PIPE.yaml"],
    ["report", "PIPE", "--html", "OUT"],
    ["evaluate", "pixels", "--data", "npy:PIPES", "--out", "OUT"],
    ["evaluate", "pixels", "--data", "idx:PIPES", "--out", "OUT"],
    ["evaluate", "pixels", "--data", "cifar10:PIPES", "--out", "OUT"],
    ["features", "random:vit-tiny/4@32", "--tensors", "PIPE", "--out", "OUT"],
  ])
  func pipesInPlaceOfFilesAreRefusedAtOnce(arguments: [String]) throws {
    for name in ["PIPE", "PIPE.yaml", "PIPE.json"] {
      #expect(mkfifo(folder.file(name), 0o600) == 0)
    }
    try AtomicFile.createFolder(folder.file("PIPES"))
    for name in [
      "x_train.npy", "y_train.npy", "x_test.npy", "y_test.npy", "train-images-idx3-ubyte",
      "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
      "data_batch_1.bin", "test_batch.bin", "batches.meta.txt",
    ] { #expect(mkfifo(folder.file("PIPES/" + name), 0o600) == 0) }
    let words = arguments.map {
      $0.replacingOccurrences(of: "PIPE", with: folder.file("PIPE"))
        .replacingOccurrences(of: "OUT", with: folder.file("OUT"))
    }
    let start = ContinuousClock.now
    let result = try Program.run(words)
    #expect(result.code == 2, "\(result.errors)")
    #expect(result.errorLines.count >= 1 && result.errors.contains("error: "), "\(result.errors)")
    #expect(ContinuousClock.now - start < .seconds(20))
    #expect(!FileSystem.exists(folder.file("OUT/pixels/report.json")))
  }

  /// Before anything is read or computed: the reports that are named do not exist.
  @Test(arguments: [
    ["report", "absent", "--html", "PLACE"],
    ["gate", "--baseline", "absent", "--candidate", "absent", "--junit", "PLACE"],
    ["gate", "--baseline", "absent", "--candidate", "absent", "--markdown", "PLACE"],
    ["features", "absent", "--data", "scenes", "--out", "PLACE"],
  ])
  func outputsMustBeFiles(arguments: [String]) throws {
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    for (place, kind) in [
      (folder.file("pipe"), "a pipe"), (folder.path, "a folder"), ("/dev/null", "a device"),
    ] {
      let words = arguments.map { $0.replacingOccurrences(of: "PLACE", with: place) }
      expectOneLine(try Program.run(words), "\(place): is \(kind), not a file")
    }
  }

  @Test func foldersOfResultsMustBeFolders() throws {
    #expect(mkfifo(folder.file("pixels"), 0o600) == 0)
    let result = try Program.run(Self.evaluation + ["--out", folder.path])
    expectOneLine(result, "is a pipe where a folder is needed")
  }

  @Test func aCacheEntryMustBeAFile() throws {
    let first = try Program.run(Self.evaluation + ["--out", folder.file("out")])
    #expect(first.code == 0, "\(first.errors)")
    let features = folder.file("out/.cache/features")
    for name in try FileSystem.names(in: features) {
      AtomicFile.remove(features + "/" + name)
      #expect(mkfifo(features + "/" + name, 0o600) == 0)
    }
    try FileSystem.removeFolder(folder.file("out/.cache/results"))
    let second = try Program.run(Self.evaluation + ["--out", folder.file("out")])
    #expect(second.code == 2 && second.errors.contains("is a pipe, not a file"), "\(second.errors)")
  }

  @Test(arguments: [
    ["UNMASK_GEMM": "foo"], ["UNMASK_GEMM": "onednn "], ["UNMASK_GEMM": "OpenBLAS"],
    ["UNMASK_HOME": "/absent"], ["UNMASK_HOME": "/dev/null"], ["UNMASK_CACHE": "/dev/null"],
    ["UNMASK_DATA": "/dev/null"],
  ])
  func nonsenseInTheEnvironmentIsRefused(variables: [String: String]) throws {
    let result = try Program.run(["list", "tasks"], environment: variables)
    expectOneLine(result, variables.keys.first ?? "")
  }

  @Test func aFileThatHidesAShippedOneIsNamed() throws {
    let shipped = try String(contentsOfFile: packageFolder + "/tasks/knn.yaml", encoding: .utf8)
    try AtomicFile.write(shipped + "\n# mine\n", to: folder.file("tasks/knn.yaml"))
    let arguments = Self.evaluation + ["--out", folder.file("out"), "--dry-run"]
    for _ in 0..<2 {
      let result = try Program.run(arguments, in: folder.path)
      #expect(result.code == 0, "\(result.errors)")
      #expect(result.errors.contains("./tasks/knn.yaml of the working folder is used, not /"))
      #expect(result.errorLines.count == 1)
    }
    // The same content hides nothing.
    try AtomicFile.write(shipped, to: folder.file("tasks/knn.yaml"))
    #expect(try Program.run(arguments, in: folder.path).errors.isEmpty)
  }

  /// Arguments that are no UTF-8 name the files they say.
  @Test func namesOfAnyBytesWork() throws {
    let result = try Program.shell(
      """
      set -e; cd \(folder.path); name=$'m\\xe9\\xff'; data='scenes?side=16&train=64&test=10'
      "$UNMASK" pretrain mae-tiny --data "$data" --encoder vit-tiny/4@16 --epochs 1 --out "$name"
      test -f "$name/model.safetensors"
      "$UNMASK" inspect "$name" > /dev/null
      "$UNMASK" evaluate "$name" --tasks knn --data "$data" --out $'r\\xe9'
      "$UNMASK" report $'r\\xe9' --html $'p\\xe9.html'
      test -f $'p\\xe9.html' && test -f $'r\\xe9'/*/report.json
      """)
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.output.contains("m\\xE9\\xFF") && !result.errors.contains("\u{fffd}"))
  }

  @Test func seedsAreThoseThatAReportCanHold() throws {
    for seed in ["9223372036854775808", "18446744073709551615", "-1", "1e3"] {
      let result = try Program.run(
        Self.evaluation + ["--out", folder.file("out"), "--seed=\(seed)"])
      expectOneLine(result, "--seed")
    }
    let greatest = Self.evaluation + ["--out", folder.file("out"), "--seed", "9223372036854775807"]
    let result = try Program.run(greatest)
    #expect(result.code == 0, "\(result.errors)")
    #expect(try Program.run(["validate", folder.file("out/pixels")]).code == 0)
  }
}
