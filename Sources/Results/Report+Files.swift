import Foundation
import Support

extension Report {
  /// Writes `report.json` into a folder, and predictions and pictures beside it.
  ///
  /// All of it is replaced as one: the files beside the report get names that the report which is
  /// there does not use, then the report is replaced, then what only the old one used is removed. A
  /// full disk or a kill leaves the old report with its files.
  /// - Parameter folder: created if need be.
  /// - Returns: the report as a later reader sees it.
  /// - Throws: `InputError` if the folder cannot be written.
  @discardableResult
  package func write(_ folder: String) throws -> Report {
    var report = self
    let files = ReportFiles(folder)
    // Entries of earlier runs keep their files.
    var taken = Set(report.tasks.flatMap(\.earlierFiles))
    for index in report.tasks.indices {
      let task = report.tasks[index].task
      if let predictions = report.tasks[index].predictions {
        report.tasks[index].predictionsFile = try files.add(predictions, of: task, &taken)
      }
      for place in report.tasks[index].sets.indices {
        let set = report.tasks[index].sets[place]
        guard let predictions = set.predictions else { continue }
        report.tasks[index].sets[place].predictionsFile = try files.add(
          predictions, of: "\(task)-\(set.name)", &taken)
      }
    }
    for index in report.tasks.indices where !report.tasks[index].drawnFigures.isEmpty {
      report.tasks[index].figures = try report.tasks[index].drawnFigures.map {
        try files.add($0.content, as: "figures/\($0.name)")
      }
      report.tasks[index].drawnFigures = []
    }
    if let pictures {
      let data = report.tasks.lazy.compactMap(\.dataset).first?.id ?? "unknown data"
      report.checkpoint.pictures = try ReportPictures(pictures, in: files, data: data)
    }
    let json = report.json
    try AtomicFile.write(Data((json.text(pretty: true) + "\n").utf8), to: folder + "/report.json")
    files.removeOthers(than: report)
    report.folder = folder
    report.contentHash = json["integrity"]?["hash"]?.string
    return report
  }

  /// Reads a report.
  ///
  /// - Parameter path: a `report.json`, or a folder that holds one.
  /// - Returns: the report.
  /// - Throws: `InputError` if it cannot be read or is not a whole, unchanged report.
  package static func read(_ path: String) throws -> Report {
    guard FileSystem.exists(path) else {
      throw InputError(path, "does not exist", "give a report.json or the folder that holds it")
    }
    let file = FileSystem.isFolder(path) ? path + "/report.json" : path
    guard FileSystem.exists(file) else {
      throw InputError(path, "holds no report.json", "evaluate a checkpoint with --out \(path)")
    }
    var report = try Report(JSON.parse(contentsOf: file, limit: 1 << 28), file: file)
    report.folder = file.parentFolder
    if report.folder == "" { report.folder = "." }
    return report
  }

  /// The outcomes of a task, read and verified.
  ///
  /// - Parameter task: an entry of this report.
  /// - Returns: the outcomes; nil if the task kept none.
  /// - Throws: `InputError` if the file is missing, changed, or of another length.
  package func predictions(of task: TaskResult) throws -> Predictions? {
    try task.predictions ?? predictions(in: task.predictionsFile)
  }

  /// The outcomes of one of a task's sets, read and verified.
  ///
  /// - Parameter set: one of an entry of this report.
  /// - Returns: the outcomes; nil if the task kept none.
  /// - Throws: `InputError` if the file is missing, changed, or of another length.
  package func predictions(of set: ScoredSet) throws -> Predictions? {
    try set.predictions ?? predictions(in: set.predictionsFile)
  }

  /// A task with its outcomes, and those of its sets, in memory.
  ///
  /// - Parameter task: an entry of this report.
  /// - Returns: the same entry.
  /// - Throws: `InputError` if a file is missing, changed, or of another length.
  package func loaded(_ task: TaskResult) throws -> TaskResult {
    var task = task
    task.predictions = try predictions(of: task)
    for index in task.sets.indices {
      task.sets[index].predictions = try predictions(of: task.sets[index])
    }
    return task
  }

  private func predictions(in reference: PredictionsReference?) throws -> Predictions? {
    guard let reference, let folder else { return nil }
    let path = try ReportFiles.path(of: reference.path, in: folder)
    let data = try MappedFile(path).data
    guard SHA256.hex(of: data) == reference.sha256 else {
      throw InputError(
        path, "is not the file that the report was written with (its hash differs)",
        "evaluate the checkpoint again")
    }
    let predictions = try Predictions(npy: data, file: path)
    guard predictions.count == reference.count else {
      throw InputError(path, "holds \(predictions.count) examples, not \(reference.count)")
    }
    return predictions
  }
}

extension TaskResult {
  /// The files of outcomes that an earlier run wrote.
  fileprivate var earlierFiles: [String] {
    let own = predictions == nil ? [predictionsFile] : []
    let others = sets.filter { $0.predictions == nil }.map(\.predictionsFile)
    return (own + others).compactMap { $0?.path }
  }
}

extension ReportFiles {
  /// Writes outcomes as `predictions/<name>.npy`, numbered if the name is taken.
  fileprivate func add(_ predictions: Predictions, of name: String, _ taken: inout Set<String>)
    throws -> PredictionsReference
  {
    let data = predictions.npy()
    let path = fileName(for: name, avoiding: &taken)
    return PredictionsReference(
      path: try add(data, as: path), sha256: SHA256.hex(of: data), count: predictions.count)
  }
}

/// `predictions/<name>.npy`, numbered if the name is taken.
private func fileName(for name: String, avoiding taken: inout Set<String>) -> String {
  let safe = String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") ? $0 : "-" })
  var path = "predictions/\(safe).npy"
  var number = 2
  while !taken.insert(path).inserted {
    path = "predictions/\(safe)-\(number).npy"
    number += 1
  }
  return path
}
