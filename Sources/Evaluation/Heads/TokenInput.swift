/// Tokens of a batch as 16-bit floats: example `i` is at `rows + (indices?[i] ?? i) · tokens · width`.
package struct BatchTokens: @unchecked Sendable {
  /// The first feature of example 0.
  package let rows: UnsafePointer<UInt16>
  /// Where in `rows` each example is; nil when they follow each other.
  package let indices: [Int32]?

  /// Tokens that stay valid until the next batch is asked for.
  package init(rows: UnsafePointer<UInt16>, indices: [Int32]?) {
    self.rows = rows
    self.indices = indices
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
  private let rows: UnsafePointer<UInt16>
  package let count: Int
  package let tokens: Int
  package let width: Int

  /// Tokens `[count, tokens, width]`, which must stay valid.
  package init(_ rows: UnsafePointer<UInt16>, count: Int, tokens: Int, width: Int) {
    self.rows = rows
    self.count = count
    self.tokens = tokens
    self.width = width
  }

  /// The tokens of a split, read where the cache has them; the set must outlive the value.
  init(_ set: FeatureSet) {
    self.init(set.halves, count: set.count, tokens: set.feature.tokens, width: set.width)
  }

  package func batch(_ examples: [Int32], epoch: Int) -> BatchTokens {
    BatchTokens(rows: rows, indices: examples)
  }
}

extension AugmentedFeatures: TokenInput {
  var tokens: Int { feature.tokens }

  func batch(_ examples: [Int32], epoch: Int) throws -> BatchTokens {
    BatchTokens(rows: try compute(examples, epoch: epoch).halves(0), indices: nil)
  }
}
