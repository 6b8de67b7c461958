/// The features of a split, read where the cache has them.
struct CachedFeatures: HeadInput {
  private let features: FeatureSet

  init(_ features: FeatureSet) { self.features = features }

  var count: Int { features.count }
  var width: Int { features.width }

  func batch(_ examples: [Int32], epoch: Int) -> BatchRows {
    BatchRows(rows: features.floats, indices: examples)
  }
}
