import Evaluation
import Foundation
import Pretraining
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

@testable import Reporting

/// What a page shows of pretraining.
@Suite struct GalleryTests {
  private let folder = TemporaryFolder()

  /// A strip of noise, which no PNG makes smaller: the worst case.
  private func noise(_ seed: UInt64) -> Image {
    var random = RandomStream(seed: seed, purpose: "noise")
    let (width, height) = (8 * 64 + 7 * 2, 64)
    return Image(
      width: width, height: height,
      pixels: (0..<width * height * 3).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  private func write(_ name: String, _ index: Int, original: UInt64 = 0) throws {
    var report = SampleReports.report(
      name, tasks: [SampleReports.task(right: SampleReports.outcomes(60, accuracy: 0.5, seed: 1))])
    report.pictures = DrawnPictures(
      original: encodePNG(noise(original)), masked: encodePNG(noise(UInt64(2 * index + 10))),
      reconstruction: encodePNG(noise(UInt64(2 * index + 11))))
    report.checkpoint.pretraining = [
      "recipe": "mae",
      "curve": .array(
        (1...3).map {
          ["epoch": .integer($0), "loss": .number(1 / Double($0)), "learning_rate": 0.001]
        }),
    ]
    try report.write(folder.file("reports/\(index)"))
  }

  private func page() throws -> String {
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    return try Page(try loadReports([folder.file("reports")]), pool: pool).html()
  }

  private func pictures(_ html: String) -> Int {
    html.matches(of: /<img alt="[^"]*" src="data:image\/png;base64,/).count
  }

  @Test func aReportKeepsItsPictures() throws {
    try write("mae", 0)
    let report = try Report.read(folder.file("reports/0"))
    let pictures = try #require(report.checkpoint.pictures)
    #expect(pictures.data == "scenes")
    let file = folder.file("reports/0/" + pictures.masked.path)
    #expect(try decodeImage(MappedFile(file).data, from: file) == noise(10))
    let schema = try JSON.parse(contentsOf: packageFolder + "/docs/report.schema.json")
    #expect(SchemaCheck(schema).problems(report.json) == [])
  }

  @Test func originalsAreShownOnce() throws {
    try write("one", 0)
    try write("two", 1)
    let html = try page()
    #expect(pictures(html) == 1 + 2 * 2)
    #expect(html.contains("alt=\"two: painted in\""))
    // Intervals of one task, losses and learning rates.
    #expect(html.matches(of: /<svg role="img"/).count == 3)
    try write("elsewhere", 2, original: 1)
    #expect(try pictures(page()) == 2 + 3 * 2)
  }

  @Test func fiftyCheckpointsStayBelowTenMegabytes() throws {
    for index in 0..<50 { try write("checkpoint \(index)", index) }
    let html = try page()
    #expect(html.utf8.count < 10_000_000)
    #expect(pictures(html) > 2 * 20)
    #expect(html.contains("more checkpoints are left out"))
  }

  @Test func namesAndPathsCannotBreakOut() throws {
    try write("\"><script>alert(1)</script>", 0)
    #expect(try !page().contains("<script>alert"))
    let path = folder.file("reports/0/figures/pretraining-masked.png")
    try AtomicFile.write("other", to: path)
    #expect(line { _ = try page() }.contains("is not the file that the report was written with"))

    var report = try Report.read(folder.file("reports/0"))
    report.checkpoint.pictures?.masked.path = "../../secret.png"
    try report.write(folder.file("reports/0"))
    #expect(line { _ = try page() }.contains("names a picture outside its folder"))
  }
}
