import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing

@testable import Reporting

/// A report and the files that it names are replaced as one.
@Suite struct ReportFilesTests {
  private let folder = TemporaryFolder()

  private func expectWhole(_ path: String, top1 accuracy: Double? = nil) throws {
    let report = try Report.read(path)
    try report.verifyPredictions()
    #expect(try report.tasks.allSatisfy { try report.predictions(of: $0) != nil })
  }

  @Test func theOldFilesStayUntilTheNewReportIsThere() throws {
    try SampleReports.simple(accuracy: 0.7).write(folder.path)
    let old = try MappedFile(folder.file("report.json")).data
    let new = SampleReports.simple(accuracy: 0.5)
    // As a kill between the two leaves it: the new files are there, the new report is not.
    try new.write(folder.path)
    try expectWhole(folder.path)
    let names = try FileSystem.names(in: folder.file("predictions"))
    #expect(names.count == 1)
    try AtomicFile.write(old, to: folder.file("report.json"))
    #expect(throws: InputError.self) { try Report.read(folder.path).verifyPredictions() }
  }

  /// Stops after each file that is written in turn: the old pair or the new one is valid.
  @Test func aFolderThatTakesNoReportKeepsTheOldOne() throws {
    try SampleReports.simple(accuracy: 0.7).write(folder.path)
    let old = try Report.read(folder.path).contentHash
    let report = folder.file("report.json")
    try FileManager.default.moveItem(atPath: report, toPath: folder.file("kept"))
    #expect(mkdir(report, 0o700) == 0)
    #expect(throws: InputError.self) { try SampleReports.simple(accuracy: 0.5).write(folder.path) }
    #expect(rmdir(report) == 0)
    try FileManager.default.moveItem(atPath: folder.file("kept"), toPath: report)
    try expectWhole(folder.path)
    #expect(try Report.read(folder.path).contentHash == old)
    // What the failed one left is removed by the next.
    try SampleReports.simple(accuracy: 0.4).write(folder.path)
    try expectWhole(folder.path)
    #expect(try FileSystem.names(in: folder.file("predictions")).count == 1)
  }

  @Test(.enabled(if: TinyDisk.isAvailable, "no right to mount a small file system"))
  func aFullDiskKeepsTheOldPair() throws {
    let disk = try #require(TinyDisk(bytes: 120 << 10))
    try SampleReports.simple(accuracy: 0.7).write(disk.path)
    let large = SampleReports.report(
      tasks: [
        SampleReports.task(right: SampleReports.outcomes(6_000, accuracy: 0.5, seed: 1))
      ])
    #expect(throws: InputError.self) { try large.write(disk.path) }
    try expectWhole(disk.path)
  }

  @Test func filesOfOthersStay() throws {
    try SampleReports.simple(accuracy: 0.7).write(folder.path)
    try AtomicFile.write("mine", to: folder.file("predictions/mine.npy"))
    try SampleReports.simple(accuracy: 0.5).write(folder.path)
    #expect(FileSystem.isFile(folder.file("predictions/mine.npy")))
  }

  @Test(arguments: ["../outside.npy", "/etc/passwd", "predictions/../../x.npy"])
  func namesThatLeadOutOfTheFolderAreRefused(name: String) throws {
    var report = try SampleReports.simple().write(folder.file("report"))
    report.tasks[0].predictions = nil
    report.tasks[0].predictionsFile?.path = name
    try AtomicFile.write("outside", to: folder.file("outside.npy"))
    let error = #expect(throws: InputError.self) { try report.predictions(of: report.tasks[0]) }
    #expect(error?.problem.contains("outside its folder") == true)
  }
}
