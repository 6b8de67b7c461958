import Evaluation
import Pretraining
import Results
import Vision

extension Report {
  /// The report of what was measured on one checkpoint.
  ///
  /// - Parameters:
  ///   - outcome: the checkpoint and its tasks.
  ///   - command: the command line.
  ///   - environment: where it was measured.
  package init(_ outcome: SubjectResults, command: String, environment: ReportEnvironment) {
    let subject = outcome.subject
    self.init(
      command: command,
      checkpoint: ReportCheckpoint(
        name: subject.name, source: subject.source, format: subject.format,
        sha256: subject.weightsHash, encoder: subject.encoderName,
        parameters: subject.parameterCount, pretraining: subject.pretraining,
        loading: subject.loading, preprocessing: subject.preprocessing.json,
        identity: subject.identityHash),
      environment: environment, tasks: outcome.results.map(\.withFigures))
    pictures = outcome.pictures.map {
      DrawnPictures(
        original: encodePNG($0.original), masked: encodePNG($0.masked),
        reconstruction: encodePNG($0.reconstruction))
    }
  }
}
