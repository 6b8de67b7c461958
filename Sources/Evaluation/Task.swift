import Results
import Support

/// A kind of measurement, configured.
///
/// To add one, put a file with a conforming type of the file's name into `Tasks/`, and a YAML file
/// that names its kind into the folder `tasks`.
package protocol Task: Sendable {
  /// The name that a task file gives as `task`.
  static var kind: String { get }
  /// What it measures, in a few words.
  static var summary: String { get }

  /// Reads the head and its hyper-parameters; the caller refuses what is left over.
  ///
  /// - Parameter fields: the task file's fields, overridden from the command line.
  /// - Throws: `InputError` with file and line when a value is out of bounds.
  init(fields: Fields) throws

  /// The features that it reads from the cache, so that one pass of the encoder serves all tasks.
  var features: [FeatureRequest] { get }

  /// The splits whose images it reads.
  var splits: [String] { get }

  /// Refuses a checkpoint or data to which the measurement does not apply.
  ///
  /// - Parameter context: the checkpoint and the data.
  /// - Throws: `InputError` saying why.
  func checkApplies(_ context: TaskContext) throws

  /// Measures one checkpoint; reads the test split once.
  ///
  /// - Parameter context: the checkpoint and the data.
  /// - Returns: the result, begun with `context.blankResult()`.
  /// - Throws: `InputError` when the checkpoint or the data cannot be measured.
  func run(_ context: TaskContext) throws -> TaskResult
}

extension Task {
  package var splits: [String] { ["train", "test"] }
  package func checkApplies(_ context: TaskContext) throws {}
}
