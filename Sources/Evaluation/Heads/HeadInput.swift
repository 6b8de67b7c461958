/// Features of a batch: row `i` is `rows + (indices?[i] ?? i) · width`.
package struct BatchRows: @unchecked Sendable {
  /// The first feature of row 0.
  package let rows: UnsafePointer<Float>
  /// Where in `rows` each example is; nil when they follow each other.
  package let indices: [Int32]?

  /// Rows that stay valid until the next batch is asked for.
  package init(rows: UnsafePointer<Float>, indices: [Int32]?) {
    self.rows = rows
    self.indices = indices
  }
}

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

/// Features that are in memory, or mapped there, and the same in each epoch.
package struct MemoryFeatures: HeadInput {
  private let rows: UnsafePointer<Float>
  package let count: Int
  package let width: Int

  /// Features `[count, width]`, which must stay valid.
  package init(_ rows: UnsafePointer<Float>, count: Int, width: Int) {
    self.rows = rows
    self.count = count
    self.width = width
  }

  package func batch(_ examples: [Int32], epoch: Int) -> BatchRows {
    BatchRows(rows: rows, indices: examples)
  }
}
