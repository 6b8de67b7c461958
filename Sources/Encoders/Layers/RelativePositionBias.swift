import Tensors

/// A learned bias on attention scores by the offset of two patches.
///
/// A table has a row for each of the `(2 grid − 1)²` offsets, by rows and columns, then three for class-to-patch,
/// patch-to-class and class-to-class (Bao et al. 2022, official code).
struct RelativePositionBias: Sendable {
  private let tables: [Parameter]
  private let tokens: Int
  /// The row of the table for each query and key, `[tokens × tokens]`.
  private let rows: [Int32]

  /// Declares `rel_pos_bias.relative_position_bias_table` or one table a block; nil when unused.
  init?(_ configuration: VisionTransformerConfiguration, in store: ParameterStore) {
    let shape = [configuration.relativeRows, configuration.heads]
    let name = "relative_position_bias_table"
    switch configuration.relativePositions {
    case .none: return nil
    case .shared: tables = [store.add("rel_pos_bias.\(name)", shape)]
    case .perBlock:
      tables = (0..<configuration.depth).map { store.add("blocks.\($0).attn.\(name)", shape) }
    }
    tokens = configuration.prefixTokens + configuration.patchCount
    rows = Self.rows(prefix: configuration.prefixTokens, grid: configuration.grid)
  }

  /// The bias of a block, or of all when they share it: `[heads, tokens, tokens]`.
  func bias(block: Int, in graph: Graph) -> Node {
    let table = tables[tables.count == 1 ? 0 : block]
    return graph.columns(rows, of: table).reshaped([table.shape[1], tokens, tokens])
  }

  private static func rows(prefix: Int, grid: Int) -> [Int32] {
    let tokens = prefix + grid * grid
    let side = 2 * grid - 1
    var rows: [Int32] = []
    rows.reserveCapacity(tokens * tokens)
    for query in 0..<tokens {
      for key in 0..<tokens {
        switch (query < prefix, key < prefix) {
        case (true, true): rows.append(Int32(side * side + 2))
        case (true, false): rows.append(Int32(side * side))
        case (false, true): rows.append(Int32(side * side + 1))
        case (false, false):
          let (q, k) = (query - prefix, key - prefix)
          let down = q / grid - k / grid + grid - 1
          let right = q % grid - k % grid + grid - 1
          rows.append(Int32(down * side + right))
        }
      }
    }
    return rows
  }
}

extension VisionTransformerConfiguration {
  /// Rows of a table of relative positions.
  package var relativeRows: Int { (2 * grid - 1) * (2 * grid - 1) + 3 }
}
