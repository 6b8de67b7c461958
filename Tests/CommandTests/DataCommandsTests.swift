import Foundation
import Support
import TestSupport
import Testing

/// Data from the command line: what is said of them, and what is left out.
struct DataCommandsTests {
  private let folder = TemporaryFolder()

  /// Four pictures a class and split, one of which may be damaged.
  private func writePictures(damaged: String? = nil) throws {
    let picture = packageFolder + "/Tests/Goldens/vision/source.png"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
    for split in ["train", "test"] {
      for name in (0..<4).flatMap({ ["10/\($0).png", "9/\($0).png"] }) {
        let path = "\(split)/\(name)"
        let file = URL(fileURLWithPath: folder.file("pictures/" + path))
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try (path == damaged ? bytes.prefix(bytes.count / 2) : bytes).write(to: file)
      }
    }
    try Data("x".utf8).write(to: URL(fileURLWithPath: folder.file("pictures/train/9/x.txt")))
  }

  private func evaluate(_ arguments: [String]) throws -> Program.Result {
    try Program.run(
      [
        "evaluate", "pixels", "--data", "folder:" + folder.file("pictures"), "--tasks", "knn",
        "--out", folder.file("results"),
      ] + arguments, environment: ["UNMASK_CACHE": ""])
  }

  @Test func whatIsLeftOutIsSaidOnceAndReported() throws {
    try writePictures()
    let result = try evaluate([])
    #expect(result.code == 0, "\(result.errors)")
    #expect(result.errorLines.count { $0.contains("left out: 1 .txt") } == 1, "\(result.errors)")
    #expect(result.errors.contains("in the order of their numbers"))
    let path = folder.file("results/pixels/report.json")
    let dataset = try JSON.parse(contentsOf: path)["tasks"]?[0]?["dataset"]
    #expect(dataset?["left_out"] == [".txt": 1] && dataset?["class_order"] == "numbers")
    #expect(try Program.run(["validate", path]).code == 0)
  }

  @Test func unreadablePicturesMayBeSkipped() throws {
    try writePictures(damaged: "test/9/2.png")
    let refused = try evaluate([])
    #expect(refused.code == 2 && refused.errors.contains("test/9/2.png"), "\(refused.errors)")
    let none = try evaluate(["--skip-unreadable", "0"])
    #expect(none.code == 2 && none.errors.contains("--skip-unreadable allows 0"), "\(none.errors)")
    let result = try evaluate(["--skip-unreadable", "3"])
    #expect(result.code == 0, "\(result.errors)")
    let path = folder.file("results/pixels/report.json")
    let report = try JSON.parse(contentsOf: path)["tasks"]?[0]
    #expect(report?["dataset"]?["unreadable"] == ["test/9/2.png"])
    #expect(report?["dataset"]?["splits"]?["test"] == 7)
    let key = report?["comparability_key"]
    try writePictures()
    // A folder of its own: a report keeps the results of other data.
    let other = folder.file("other")
    #expect(try evaluate(["--skip-unreadable", "3", "--out", other]).code == 0)
    let whole = try JSON.parse(contentsOf: other + "/pixels/report.json")["tasks"]?[0]
    #expect(whole?["comparability_key"] != key && whole?["dataset"]?["unreadable"] == nil)
  }

  /// A picture without its last blocks is named, also when its features come from the cache.
  @Test func truncatedPicturesAreReported() throws {
    try writePictures()
    try FileManager.default.copyItem(
      atPath: packageFolder + "/Tests/Goldens/formats/short.jpg",
      toPath: folder.file("pictures/test/9/short.jpg"))
    for task in ["knn", "linear_probe"] {
      let result = try evaluate(["--tasks", task])
      #expect(result.code == 0, "\(result.errors)")
    }
    let path = folder.file("results/pixels/report.json")
    let tasks = try #require(try JSON.parse(contentsOf: path)["tasks"]?.array)
    #expect(tasks.count == 2)
    #expect(tasks.allSatisfy { $0["dataset"]?["truncated"] == ["test/9/short.jpg"] })
    #expect(try Program.run(["validate", path]).code == 0)
  }

  /// Two folders of one name are two data sets; one that changed is the same.
  @Test func foldersOfOneNameAreToldApart() throws {
    try writePictures()
    let other = folder.file("elsewhere/pictures")
    try AtomicFile.createFolder(folder.file("elsewhere"))
    try FileManager.default.copyItem(atPath: folder.file("pictures"), toPath: other)
    try FileManager.default.removeItem(atPath: other + "/test/9/3.png")
    #expect(try evaluate([]).code == 0)
    #expect(try evaluate(["--data", "folder:" + other]).code == 0)
    let path = folder.file("results/pixels/report.json")
    func places() throws -> [String] {
      let tasks = try JSON.parse(contentsOf: path)["tasks"]?.array ?? []
      return tasks.compactMap { $0["dataset"]?["location"]?.string }
    }
    #expect(try places() == [folder.file("pictures"), other])
    let compared = try Program.run(["compare", folder.file("results/pixels")])
    let titles = compared.output.split(separator: "\n").first ?? ""
    #expect(titles.matches(of: /knn [0-9a-f]{6} top1/).count == 2, "\(compared.output)")
    try FileManager.default.removeItem(atPath: other + "/test/9/2.png")
    #expect(try evaluate(["--data", "folder:" + other]).code == 0)
    #expect(try places() == [folder.file("pictures"), other])
  }

  /// Archives of a checkpoint are no data; an archive of pictures is.
  @Test func inspectSaysWhatAnArchiveIs() throws {
    let weights = packageFolder + "/Tests/Goldens/checkpoints/mae.pth"
    let packed = try Program.shell(
      "set -e; cp \(weights) w.pth; tar cf w.tar w.pth; tar cf w.pth.tar w.pth; "
        + "tar czf w.tar.gz w.pth; gzip -k w.pth", in: folder.path)
    #expect(packed.code == 0, "\(packed.errors)")
    for (name, words) in [
      ("w.tar", "is a tar archive"), ("w.pth.tar", "is a tar archive"),
      ("w.tar.gz", "is compressed with gzip"), ("w.pth.gz", "is compressed with gzip"),
    ] {
      let result = try Program.run(["inspect", folder.file(name)])
      #expect(result.code == 2 && result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(words) && result.errors.contains("unpack"), "\(result.errors)")
    }
  }

  @Test func inspectSaysWhatAFolderIsTakenFor() throws {
    try writePictures()
    for argument in [folder.file("pictures"), "folder:" + folder.file("pictures")] {
      let result = try Program.run(["inspect", argument])
      #expect(result.code == 0, "\(result.errors)")
      for words in ["folder", "train 8, test 8", "by number: 9, 10", "16 PNG", "1 .txt"] {
        #expect(result.output.contains(words), "\(result.output)")
      }
      let json = try Program.run(["inspect", argument, "--json"])
      let description = try JSON.parse(Data(json.output.utf8), from: "output")
      #expect(description["classes"] == ["9", "10"])
    }
    let scenes = try Program.run(["inspect", "scenes?train=50&test=20"])
    #expect(scenes.code == 0 && scenes.output.contains("train 50, test 20"), "\(scenes.output)")
    let absent = try Program.run(["inspect", "folder:/absent"])
    #expect(absent.code == 2 && absent.errorLines.count == 1)
  }

  /// As docs/data.md says.
  @Test func theOptionsOfDataAreListed() throws {
    let result = try Program.run(["list", "datasets"])
    #expect(result.output.contains("?labels=  'fine' (100 classes, default) or 'coarse' (20)"))
    let json = try JSON.parse(
      Data(try Program.run(["list", "datasets", "--json"]).output.utf8), from: "output")
    let scenes = json.array?.first { $0["name"]?.string == "scenes" }
    let names = scenes?["options"]?.array?.compactMap { $0["name"]?.string } ?? []
    #expect(names.contains("difficulty") && names.contains("objects"))
  }
}
