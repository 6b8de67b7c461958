import Tensors

/// Pooled features that a head learns from, batch by batch.
package protocol HeadInput {
  /// Number of examples.
  var count: Int { get }
  /// Features of an example.
  var width: Int { get }

  /// The features of some examples; valid until the next call.
  ///
  /// - Parameters:
  ///   - examples: which.
  ///   - epoch: numbers the pass over the data, for augmentation.
  /// - Returns: their features.
  /// - Throws: `InputError` when an image is unusable.
  func batch(_ examples: [Int32], epoch: Int) throws -> BatchRows
}

/// Features that are in memory, and the same in each epoch.
package struct MemoryFeatures: HeadInput {
  private let features: Tensor

  /// Features `[count, width]`.
  package init(_ features: Tensor) { self.features = features }

  package var count: Int { features.shape[0] }
  package var width: Int { features.shape[1] }

  package func batch(_ examples: [Int32], epoch: Int) -> BatchRows {
    BatchRows(BatchRows(features), examples: examples)
  }
}

/// The features of a split, read where the cache has them.
struct CachedFeatures: HeadInput {
  private let features: FeatureSet

  init(_ features: FeatureSet) { self.features = features }

  var count: Int { features.count }
  var width: Int { features.width }

  func batch(_ examples: [Int32], epoch: Int) -> BatchRows {
    BatchRows(features.rows, examples: examples)
  }
}

/// Tokens that a head learns from, batch by batch.
package protocol TokenInput {
  /// Number of examples.
  var count: Int { get }
  /// Tokens of an example.
  var tokens: Int { get }
  /// Features of a token.
  var width: Int { get }

  /// The tokens of some examples; valid until the next call.
  ///
  /// - Parameters:
  ///   - examples: which.
  ///   - epoch: numbers the pass over the data, for augmentation.
  /// - Returns: their tokens.
  /// - Throws: `InputError` when an image is unusable.
  func batch(_ examples: [Int32], epoch: Int) throws -> BatchTokens
}

/// Tokens that are in memory, or mapped there, and the same in each epoch.
package struct MemoryTokens: TokenInput {
  private let all: BatchTokens
  /// Keeps the tokens in memory.
  private let owner: FeatureSet?

  /// Tokens that must stay valid.
  package init(_ all: BatchTokens) { (self.all, owner) = (all, nil) }

  /// The tokens of a split, read where the cache has them.
  init(_ set: FeatureSet) { (all, owner) = (set.tokens, set) }

  package var count: Int { all.count }
  package var tokens: Int { all.tokens }
  package var width: Int { all.width }

  package func batch(_ examples: [Int32], epoch: Int) -> BatchTokens {
    BatchTokens(all, examples: examples)
  }
}
