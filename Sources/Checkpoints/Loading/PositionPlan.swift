import Encoders
import Support
import Tensors

/// Where the position table comes from, and which side of the input follows from it.
struct PositionPlan {
  /// Side of the input in pixels.
  let side: Int
  /// The table, resampled when needed; nil when there is none.
  private(set) var source: WeightSource?
  /// Whether the table's first row belongs to the class token.
  private(set) var coversClassToken = true
  private(set) var notes: [String] = []
  /// The table in the file, when rows of it are added to the tokens before the patches.
  private var tableName: String?
  /// The row of the class token, and the first of the register tokens, that are added to them.
  private var classRow: Int?
  private var registerRow: Int?

  init(
    _ weights: CanonicalWeights, _ configuration: VisionTransformerConfiguration,
    traits: TransformerTraits, options: CheckpointOptions, subject: String
  ) throws {
    let patch = configuration.patch
    let width = configuration.width
    let prefix = configuration.hasClassToken ? 1 : 0
    let trained: Int
    var table: (name: String, rows: Int, prefix: Int)?
    if let name = weights["pos_embed"], let shape = weights.shape("pos_embed") {
      guard shape.count >= 2, shape.last == width, shape.dropLast(2).allSatisfy({ $0 == 1 }) else {
        throw InputError(subject, "its position table is \(shape), not [1, tokens, \(width)]")
      }
      let rows = shape[shape.count - 2]
      let candidates = [prefix + configuration.registerTokens, prefix, 0]
      guard let (rowsBefore, grid) = Self.squareGrid(rows, candidates) else {
        throw InputError(
          subject, "its \(rows) positions are no square grid of patches",
          "only square inputs can be read")
      }
      table = (name, rows, rowsBefore)
      trained = grid * patch
      if let stated = traits.statedSide, stated / patch != grid {
        throw InputError(
          subject,
          "its config.json says an input of \(stated)×\(stated), its positions are for "
            + "\(trained)×\(trained)", "restore the file that was written with the weights")
      }
    } else if let grid = Self.relativeGrid(weights) {
      trained = grid * patch
    } else if traits.mayLackPositions || configuration.rotary != nil,
      let side = traits.statedSide ?? options.side
    {
      trained = side
    } else {
      throw InputError(
        subject, "has no table of positions, and of others only DINOv3's are read",
        UnusedWeights.advice)
    }
    side = options.side ?? traits.customarySide.map { $0 / patch * patch } ?? trained
    guard 1...8192 ~= side else {
      throw InputError(subject, "its input side is \(side)", "use --set checkpoint.side=224")
    }
    guard side % patch == 0 else {
      throw InputError(
        subject, "patch \(patch) does not divide the input side \(side)",
        "use --set checkpoint.side=\(max(1, (side + patch / 2) / patch) * patch)")
    }
    let (from, to) = (trained / patch, side / patch)
    if from != to, configuration.relativePositions != .none {
      notes.append("relative positions resampled from \(from)×\(from) to \(to)×\(to)")
    }
    if from != to, configuration.rotary != nil {
      notes.append("rotary positions for \(to)×\(to) patches where \(from)×\(from) are usual")
    }
    guard let table else { return }
    useTable(table, configuration, from: from, to: to, traits.resampling)
  }

  private mutating func useTable(
    _ table: (name: String, rows: Int, prefix: Int),
    _ configuration: VisionTransformerConfiguration, from: Int, to: Int,
    _ resampling: PositionResampling
  ) {
    let width = configuration.width
    let name = table.name
    let hasClass = configuration.hasClassToken
    // Beside registers the class token gets its position once and for all, as timm has it.
    let hasRow = hasClass && table.prefix > 0
    coversClassToken = hasRow && configuration.registerTokens == 0
    let kept = coversClassToken ? 1 : 0
    tableName = name
    if hasRow, !coversClassToken { classRow = 0 }
    if table.prefix > (hasClass ? 1 : 0) { registerRow = hasClass ? 1 : 0 }
    let shape = [1, kept + to * to, width]
    if from == to, table.prefix == kept {
      source = .tensor(name, shape: shape)
      return
    }
    if from != to { notes.append("positions resampled from \(from)×\(from) to \(to)×\(to)") }
    let before = table.prefix
    source = unsafe WeightSource([name], shape: shape) { archive, target in
      try unsafe archive.withFloats(name, count: (before + from * from) * width) { table in
        unsafe target.update(from: table, count: kept * width)
        let grid = unsafe table + before * width
        guard from != to else {
          unsafe (target + kept * width).update(from: grid, count: to * to * width)
          return
        }
        let values = unsafe resampling.resample(grid, prefix: 0, from: from, to: to, width: width)
        unsafe (target + kept * width).update(from: values, count: values.count)
      }
    }
  }

  /// The class token, with its row of the table added when ours has none.
  func classToken(_ name: String, shape: [Int]) -> WeightSource {
    token(made: [name], row: classRow, shape: shape)
  }

  /// Register tokens, with their rows of the table added, because ours have no position.
  func registers(made parts: [String], shape: [Int]) -> WeightSource {
    token(made: parts, row: registerRow, shape: shape)
  }

  private func token(made parts: [String], row: Int?, shape: [Int]) -> WeightSource {
    let table = row == nil ? nil : tableName
    return unsafe WeightSource(parts + [table].compactMap { $0 }, shape: shape) { archive, target in
      var place = unsafe target
      for part in parts {
        let count = archive.entry(part)?.count ?? 0
        try unsafe archive.read(part, into: place, count: count)
        unsafe place += count
      }
      guard let row, let table, let width = shape.last, let entry = archive.entry(table) else {
        return
      }
      try unsafe archive.withFloats(table, count: entry.count) { positions in
        for index in 0..<shape[1] * width { unsafe target[index] += positions[row * width + index] }
      }
    }
  }

  /// The first number of rows before the grid that leaves a square, and the grid's side.
  private static func squareGrid(_ rows: Int, _ candidates: [Int]) -> (prefix: Int, grid: Int)? {
    for prefix in candidates {
      let grid = Int(Double(max(rows - prefix, 0)).squareRoot().rounded())
      if grid > 0, grid * grid == rows - prefix { return (prefix, grid) }
    }
    return nil
  }

  /// The grid of a table of relative positions: (2 grid − 1)² + 3 rows.
  private static func relativeGrid(_ weights: CanonicalWeights) -> Int? {
    let names = [
      "rel_pos_bias.relative_position_bias_table", "blocks.0.attn.relative_position_bias_table",
    ]
    guard let rows = names.compactMap({ weights.shape($0)?.first }).first,
      let (_, offsets) = squareGrid(rows, [3])
    else { return nil }
    return (offsets + 1) / 2
  }
}
