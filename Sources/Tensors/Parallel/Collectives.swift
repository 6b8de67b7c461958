/// Exchanges between the processes (ranks) that share the batches of one run.
///
/// Every rank makes the same calls in the same order. The lanes of a batch are spread evenly over the
/// ranks, in their order, so that each holds a subtree of the tree in which lanes are summed; with the
/// upper levels summed as `sum` promises, the number of ranks changes no bit.
package protocol Collectives: Sendable {
  /// The number of this process, from 0.
  var rank: Int { get }
  /// How many processes there are: a power of two.
  var size: Int { get }
  /// Replaces `values` by their sums over all ranks: neighbours in pairs, then pairs of pairs.
  ///
  /// - Parameters:
  ///   - values: `count` floats; the same number on every rank.
  ///   - count: how many.
  func sum(_ values: UnsafeMutablePointer<Float>, count: Int)
  /// The values of all ranks, one after the other in the order of the ranks.
  func gather(_ values: [Double]) -> [Double]
}

/// The collectives of a run that has one process.
package struct SingleProcess: Collectives {
  package let rank = 0
  package let size = 1

  /// A run of one process.
  package init() {}

  package func sum(_ values: UnsafeMutablePointer<Float>, count: Int) {}
  package func gather(_ values: [Double]) -> [Double] { values }
}
