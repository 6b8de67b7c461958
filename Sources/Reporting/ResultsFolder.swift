import Evaluation
import Foundation
import Results
import Support
import Vision

/// The folder of one checkpoint's results, to which later runs add.
///
/// A report holds one entry for each task, protocol, data set and seed. A run replaces the entries of the
/// work that it did; all others stay.
package struct ResultsFolder {
  /// Where it is.
  package let path: String
  /// What it holds already.
  private let earlier: Report?

  /// The folder at `path`, which need not exist.
  ///
  /// A report that was damaged or changed is moved aside, with a warning.
  /// - Throws: `InputError` when it holds the report of a newer version, or the damaged one cannot be moved.
  package init(_ path: String) throws {
    self.path = path
    let file = path + "/report.json"
    guard FileSystem.exists(file) else {
      earlier = nil
      return
    }
    do {
      earlier = try Report.read(file)
    } catch {
      if let error = error as? InputError, error.remedy == Report.updateRemedy { throw error }
      earlier = nil
      let aside = file + ".damaged"
      guard unsafe rename(file, aside) == 0 else { throw error }
      Log.warning("\(Log.line(for: error)); moved to \(aside)")
    }
  }

  /// Refuses a checkpoint that is not the one whose results the folder holds.
  ///
  /// - Parameter subject: whose results are to be added.
  /// - Throws: `InputError` when the weights differ, or the way in which they are read.
  package func admit(_ subject: EvaluationSubject) throws {
    guard let there = earlier?.checkpoint else { return }
    let source = subject.source
    let remedy =
      "call this one otherwise: --name NAME, or NAME=\(source); or choose another --out, or remove the folder"
    guard there.sha256 == subject.weightsHash, there.encoder == subject.encoderName else {
      throw InputError(
        path,
        "holds the report of another checkpoint: \(there.encoder) from \(there.source), "
          + "weights \(Self.short(there.sha256)); this is \(subject.encoderName) from \(source), "
          + "weights \(Self.short(subject.weightsHash))", remedy)
    }
    guard there.identity == nil || there.identity == subject.identityHash else {
      throw InputError(
        path,
        "holds the report of these weights read in another way (branch, architecture or transform)",
        remedy)
    }
  }

  private static func short(_ hash: String?) -> String { hash.map { "\($0.prefix(12))" } ?? "none" }

  /// Adds what a run measured to the report, and says what was kept and what was replaced.
  ///
  /// - Parameter report: of the run.
  /// - Throws: `InputError` when the folder cannot be written.
  package func add(_ report: Report) throws {
    let (merged, kept) = adding(report)
    try merged.write(path)
    for entry in kept { Log.note("\(path): kept \(entry.title)") }
    for (old, new) in replaced(by: report) {
      let fields = new.comparabilityDifferences(from: old).prefix(5)
        .map { "\($0.path) was \($0.second), is \($0.first)" }.joined(separator: ", ")
      Log.note("\(path): replaced \(old.title): \(fields)")
    }
    Log.note("wrote \(path)/report.json")
  }

  /// Earlier results in whose place stand others that are not comparable with them.
  private func replaced(by report: Report) -> [(old: TaskResult, new: TaskResult)] {
    (earlier?.tasks ?? []).filter { $0.status == .ok }.compactMap { old in
      report.tasks.first { new in
        new.status == .ok && new.isSameWork(as: old) && new.comparabilityKey != old.comparabilityKey
      }.map { (old, $0) }
    }
  }

  /// A report with the entries that the folder holds already.
  ///
  /// A failure does not replace a result, nor does a limited run a full one; a full run replaces limited
  /// ones of the same data.
  /// - Parameter report: what a run measured.
  /// - Returns: the earlier entries in their places, the run's in theirs or behind; and the earlier ones
  ///   that were kept.
  package func adding(_ report: Report) -> (report: Report, kept: [TaskResult]) {
    guard let earlier else { return (report, []) }
    var left = report.tasks
    var kept: [TaskResult] = []
    var tasks: [TaskResult] = []
    for old in earlier.tasks {
      let isRedone = left.firstIndex { $0.isSameWork(as: old) }
      if let index = isRedone, left[index].status == .ok || old.status != .ok {
        tasks.append(left.remove(at: index))
      } else if !report.tasks.contains(where: { $0.status == .ok && $0.isFullRun(of: old) }) {
        if let index = isRedone { left.remove(at: index) }
        var entry = old
        entry.run = old.run ?? earlier.run
        kept.append(entry)
        tasks.append(entry)
      }
    }
    var merged = report
    merged.tasks = tasks + left
    if merged.pictures == nil { merged.checkpoint.pictures = earlier.checkpoint.pictures }
    return (merged, kept)
  }
}

extension Report {
  /// The run that wrote it, for entries that outlive it.
  var run: TaskRun {
    TaskRun(
      command: command, version: harness.version, commit: harness.commit,
      precision: environment.precision)
  }
}

extension TaskResult {
  /// Whether another entry is of the same task, protocol, data and seed; a failure has no seed.
  ///
  /// Data that were changed keep their name and place, and their results are replaced. Other data of the
  /// same name lie elsewhere.
  func isSameWork(as other: TaskResult) -> Bool {
    task == other.task && protocolName == other.protocolName
      && isOnSameData(as: other) && (seed == other.seed || status != .ok || other.status != .ok)
  }

  private func isOnSameData(as other: TaskResult) -> Bool {
    guard dataset?.id == other.dataset?.id else { return false }
    guard dataset?.fingerprint != other.dataset?.fingerprint,
      let place = dataset?.location, let otherPlace = other.dataset?.location
    else { return true }
    return place == otherPlace
  }

  /// Whether this is the full run of which the other was a quick look.
  func isFullRun(of other: TaskResult) -> Bool {
    guard let limit = other.limit, let data = dataset?.fingerprint, self.limit == nil else {
      return false
    }
    return task == other.task && protocolName == other.protocolName
      && Dataset.fingerprint(data, limitedTo: limit) == other.dataset?.fingerprint
  }

  /// The entry in words: `knn (dino-knn-cpu@1) on scenes, seed 0`.
  package var title: String {
    let place = dataset.map { " on \($0.id)" } ?? ""
    return "\(task) (\(protocolName))\(place)" + (seed.map { ", seed \($0)" } ?? "")
  }
}
