import Foundation
import Results
import Support
import Tensors

/// A report under the name by which tables call it.
package struct ReportEntry: Sendable {
  /// The report.
  package let report: Report
  /// The path it was given by.
  package let path: String
  /// The checkpoint's name, with the folder where two have the same.
  package fileprivate(set) var label: String
}

/// More reports than this are refused: a table of them helps nobody, and pairs grow with the square.
package let mostReports = 1_000

/// Reads reports for a comparison.
///
/// - Parameters:
///   - paths: report files, folders that hold a `report.json`, or folders of such folders.
///   - pool: shares out the reading; nil to read one after the other.
/// - Returns: each report once, in the order given; a folder's reports in the order of their names.
/// - Throws: `InputError` if a path holds no report, a report is unusable, or there are too many.
package func loadReports(_ paths: [String], pool: WorkerPool? = nil) throws -> [ReportEntry] {
  let files = try paths.filter { !isBesideReports($0, among: paths) }.flatMap(reportFiles)
  guard files.count <= mostReports else {
    throw InputError(
      paths.first ?? "reports", "\(files.count) reports are more than \(mostReports)",
      "compare fewer at a time")
  }
  var seen: Set<String> = []
  let own = files.filter { seen.insert($0.absolutePath).inserted }
  @Sendable func entry(_ file: String) throws -> ReportEntry {
    let report = try Report.read(file).foldingSeeds()
    return ReportEntry(report: report, path: file, label: report.checkpoint.name)
  }
  var entries = try pool.map { try $0.map(own.count) { try entry(own[$0]) } } ?? own.map(entry)
  label(&entries)
  return entries
}

extension Report {
  /// The report with one entry a comparability key: that of the lowest seed, which holds the numbers of all.
  func foldingSeeds() -> Report {
    var report = self
    report.tasks = []
    for task in tasks {
      let same = tasks.filter {
        task.status == .ok && $0.status == .ok && $0.comparabilityKey == task.comparabilityKey
      }.sorted { ($0.seed ?? 0) < ($1.seed ?? 0) }
      guard same.count > 1 else {
        report.tasks.append(task)
        continue
      }
      guard var first = same.first, first == task else { continue }
      first.seeds = same.flatMap(\.allSeeds)
      report.tasks.append(first)
    }
    return report
  }
}

extension TaskResult {
  /// The numbers of each seed, of a single run too.
  fileprivate var allSeeds: [SeedResult] {
    seeds.isEmpty ? [SeedResult(seed: seed ?? 0, metrics: metrics.mapValues(\.value))] : seeds
  }
}

/// Whether `path` is what lies beside reports and is caught by `results/*`: the page that describes
/// the folder, a page made of the reports, or a sweep's record and checkpoints.
private func isBesideReports(_ path: String, among paths: [String]) -> Bool {
  let name = path.fileName
  let isBeside =
    ["README.md", "sweep.json", "checkpoints"].contains(name) || name.hasSuffix(".html")
  return paths.count > 1 && isBeside
    && !FileSystem.exists(path + "/report.json")
}

/// The report files that a path stands for.
/// - Throws: `InputError` if there is none.
func reportFiles(_ path: String) throws -> [String] {
  guard FileSystem.exists(path) else {
    throw InputError(path, "does not exist", "give a report.json or the folder that holds it")
  }
  guard FileSystem.isFolder(path) else { return [path] }
  let folder = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  if FileSystem.exists(folder + "/report.json") {
    return [folder + "/report.json"]
  }
  let names = (try? FileSystem.names(in: folder)) ?? []
  let inside = names.map { "\(folder)/\($0)/report.json" }
    .filter { FileSystem.exists($0) }
  guard !inside.isEmpty else {
    throw InputError(path, "holds no report.json", "evaluate a checkpoint first")
  }
  return inside
}

/// Tells entries of the same name apart by their folder, then by a number.
private func label(_ entries: inout [ReportEntry]) {
  let names = Dictionary(grouping: entries.indices) { entries[$0].label }
  for (name, indices) in names where indices.count > 1 {
    var taken: Set<String> = []
    for index in indices {
      let folder = entries[index].path.parentFolder.fileName
      var label = folder.isEmpty ? name : "\(name) (\(folder))"
      var number = 2
      while !taken.insert(label).inserted {
        label = "\(name) (\(folder) \(number))"
        number += 1
      }
      entries[index].label = label
    }
  }
}
