import Support

extension FeatureRequest {
  /// Reads `features` and `layer` of a task that reads one row an image.
  ///
  /// - Parameter fields: the task's fields.
  /// - Throws: `InputError` for another kind of feature.
  init(fields: Fields) throws {
    let name = try fields.takeChoice(
      "features", of: [FeatureKind.classToken.rawValue, FeatureKind.mean.rawValue],
      default: FeatureKind.classToken.rawValue,
      "class token, or mean of the patch tokens; encoders without a class token give the mean")
    self.init(
      FeatureKind(rawValue: name) ?? .classToken,
      layer: try fields.takeOptional(
        "layer", in: 1...1000, "block whose output is read; the end when absent"))
  }
}
