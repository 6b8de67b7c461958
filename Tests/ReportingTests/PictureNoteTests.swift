import Evaluation
import Foundation
import Results
import Support
import Tensors
import TestSupport
import Testing
import Vision

@testable import Reporting

/// What is said when two checkpoints did not look at the same pictures.
@Suite struct PictureNoteTests {
  private let folder = TemporaryFolder()

  /// The path of a report whose checkpoint saw pictures through a transform.
  private func write(_ name: String, _ transform: Preprocessing?, loading: JSON? = nil) throws
    -> String
  {
    var report = SampleReports.simple(name)
    report.checkpoint.preprocessing = transform?.json
    report.checkpoint.loading = loading
    try report.write(folder.file(name))
    return folder.file(name)
  }

  private func comparison(_ paths: [String]) throws -> Comparison {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    return try Comparison(try loadReports(paths), pool: pool)
  }

  @Test func anyFormSaysSo() throws {
    let whole = try write("whole", .standard(side: 32))
    let cut = try write("cut", Preprocessing(side: 32, cropRatio: 0.875))
    let old = try write(
      "old", nil,
      loading: [
        "preprocessing": [
          "side": 32, "crop_ratio": 1.0, "interpolation": "bicubic", "mean": [0.5, 0.5, 0.5],
          "std": [0.5, 0.5, 0.5],
        ]
      ])
    let silent = try write("silent", nil)
    let note =
      "Not all looked at the same pictures. whole, old: short side to 32 px (bicubic), centre 32×32; "
      + "cut: short side to 36 px (bicubic), centre 32×32."
    let all = try comparison([whole, cut, old, silent])
    #expect(all.notes.contains(note))
    for format in [ComparisonFormat.table, .markdown] {
      #expect(all.text(format).contains("Not all looked at the same pictures"))
    }
    #expect(all.json["reports"]?[1]?["pictures"]?.string?.contains("36 px") == true)
    #expect(all.json["reports"]?[3]?["pictures"] == .null)
    let alike = try comparison([whole, old, silent])
    #expect(alike.notes.contains("Pictures: short side to 32 px (bicubic), centre 32×32."))
    #expect(try comparison([silent]).notes.allSatisfy { !$0.contains("ictures") })
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let page = try Page(try loadReports([whole, cut]), pool: pool).html()
    #expect(page.contains("Not all looked at the same pictures") && page.contains("36 px"))
  }

  @Test func theGateSaysSoToo() throws {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let whole = try write("whole", .standard(side: 32))
    let cut = try write("cut", Preprocessing(side: 32, cropRatio: 0.875))
    let twin = try write("twin", .standard(side: 32))
    let gate = try Gate(baseline: whole, candidate: cut, pool: pool)
    #expect(gate.text().contains("The candidate looked at other pictures than the baseline"))
    #expect(gate.markdown.contains("36 px"))
    #expect(try Gate(baseline: whole, candidate: twin, pool: pool).notes.isEmpty)
  }
}
