import Results
import Support
import Vision

extension ReportCheckpoint {
  /// The transform of pictures, where the report says one that this version knows; older ones say it of files only.
  package var transform: Preprocessing? {
    guard let json = preprocessing ?? loading?["preprocessing"],
      let fields = try? Fields(json: json, file: "report")
    else { return nil }
    return try? Preprocessing(fields, default: .standard(side: 224))
  }
}
