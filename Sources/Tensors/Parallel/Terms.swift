/// What a slice of a batch gives: its share of the loss, and what the loss of the whole batch needs of it.
package struct Terms {
  /// The terms that need no other slice, weighted for the whole batch.
  package var loss: Double
  /// Rows of each example for the loss over the whole batch: float32 `[examples, width]`, equal widths on every slice.
  package var embeddings: [Node]

  /// A share of the loss, and embeddings for the rest of it.
  package init(loss: Double, embeddings: [Node] = []) {
    self.loss = loss
    self.embeddings = embeddings
  }
}

/// The loss over a whole batch, from the embeddings of all its examples.
///
/// It is called for a range of examples (the anchors) with nodes of all: float32 `[batch, width]` each. It returns
/// the anchors' share of the loss; gradients reach all embeddings.
package typealias BatchLossBody =
  @Sendable (
    _ graph: Graph, _ anchors: Range<Int>, _ embeddings: [Node]
  ) -> Double
