import Support

/// The checkpoint that a report is about.
package struct ReportCheckpoint: Equatable, Sendable {
  /// How people call it; names the rows of tables.
  package var name: String
  /// The path or reference it was loaded from, as given.
  package var source: String
  /// The file format, for example `safetensors`, or `reference` for one that is built in.
  package var format: String
  /// The hash of the weights; nil where there are none (`pixels`).
  package var sha256: String?
  /// The encoder, for example `vit-tiny/4@32`.
  package var encoder: String
  /// How many parameters the encoder has.
  package var parameters: Int
  /// How it was pretrained (recipe, mask, epochs, seed, data, …); nil when that is not known.
  package var pretraining: JSON?
  /// What was loaded, renamed, ignored and missing; nil when there was nothing to load.
  package var loading: JSON?
  /// How pictures became its input; nil in reports that do not say.
  package var preprocessing: JSON?
  /// A hash of the weights and of how they were read; nil in reports of older versions.
  package var identity: String?
  /// What its pretraining hides and paints in; nil when no pictures were made.
  package var pictures: ReportPictures?

  /// A description of a checkpoint.
  package init(
    name: String, source: String, format: String, sha256: String?, encoder: String,
    parameters: Int, pretraining: JSON? = nil, loading: JSON? = nil,
    preprocessing: JSON? = nil, identity: String? = nil, pictures: ReportPictures? = nil
  ) {
    self.name = name
    self.source = source
    self.format = format
    self.sha256 = sha256
    self.encoder = encoder
    self.parameters = parameters
    self.pretraining = pretraining
    self.loading = loading
    self.preprocessing = preprocessing
    self.identity = identity
    self.pictures = pictures
  }
}
