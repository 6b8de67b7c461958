import Tensors

/// A learned bias on attention scores by the offset of two patches.
///
/// Three more entries are for class-to-patch, patch-to-class and class-to-class (Bao et al. 2022,
/// official code).
/// Read only: no gradient reaches the tables.
struct RelativePositionBias: Sendable {
  private let configuration: VisionTransformerConfiguration
  private let tables: [Parameter]

  /// Declares `rel_pos_bias.relative_position_bias_table` or one table a block; nil when unused.
  init?(_ configuration: VisionTransformerConfiguration, in store: ParameterStore) {
    self.configuration = configuration
    let offsets = 2 * configuration.grid - 1
    let shape = [offsets * offsets + 3, configuration.heads]
    switch configuration.relativePositions {
    case .none: return nil
    case .shared:
      tables = [
        store.add("rel_pos_bias.relative_position_bias_table", shape, isTrainable: false)
      ]
    case .perBlock:
      tables = (0..<configuration.depth).map {
        store.add("blocks.\($0).attn.relative_position_bias_table", shape, isTrainable: false)
      }
    }
  }

  /// `[heads, tokens, tokens]` for a block.
  func bias(block: Int, in graph: Graph) -> Node {
    let table = tables[tables.count == 1 ? 0 : block]
    let (grid, heads) = (configuration.grid, configuration.heads)
    let prefix = configuration.prefixTokens
    let tokens = prefix + grid * grid
    let offsets = 2 * grid - 1
    return graph.constant([heads, tokens, tokens]) { out in
      for query in 0..<tokens {
        for key in 0..<tokens {
          let entry: Int
          switch (query < prefix, key < prefix) {
          case (true, true): entry = offsets * offsets + 2
          case (true, false): entry = offsets * offsets
          case (false, true): entry = offsets * offsets + 1
          case (false, false):
            let (q, k) = (query - prefix, key - prefix)
            let rows = q / grid - k / grid + grid - 1
            let columns = q % grid - k % grid + grid - 1
            entry = rows * offsets + columns
          }
          for head in 0..<heads {
            out[(head * tokens + query) * tokens + key] = table.data[entry * heads + head]
          }
        }
      }
    }
  }
}
