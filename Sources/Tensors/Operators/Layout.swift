import CKernels

extension Graph {
  /// Feature maps with the channels last, as operators on feature maps want them.
  ///
  /// - Parameter x: float32 `[batch, channels, height, width]`, for example images.
  /// - Returns: float32 `[batch, height, width, channels]`.
  package func channelsLast(_ x: Node) -> Node {
    let s = x.shape
    return transposed(x, [s[0], s[2], s[3], s[1]], rows: s[1], columns: s[2] * s[3])
  }

  /// Feature maps with the channels first.
  ///
  /// - Parameter x: float32 `[batch, height, width, channels]`.
  /// - Returns: float32 `[batch, channels, height, width]`.
  package func channelsFirst(_ x: Node) -> Node {
    let s = x.shape
    return transposed(x, [s[0], s[3], s[1], s[2]], rows: s[1] * s[2], columns: s[3])
  }

  /// The places of token sequences as feature maps.
  ///
  /// - Parameters:
  ///   - tokens: float32 `[batch, prefix + rows × columns, channels]`, places in raster order.
  ///   - prefix: tokens before the first place.
  ///   - rows: places from top to bottom.
  ///   - columns: places from left to right.
  /// - Returns: float32 `[batch, channels, rows, columns]`.
  package func featureMap(of tokens: Node, after prefix: Int, rows: Int, columns: Int) -> Node {
    let (batch, channels) = (tokens.shape[0], tokens.shape[2])
    precondition(
      tokens.shape[1] == prefix + rows * columns,
      "\(tokens.shape) is no map of \(rows) × \(columns)")
    let places = prefix == 0 ? tokens : rowsOfEach(tokens, from: prefix)
    return channelsFirst(places.reshaped([batch, rows, columns, channels]))
  }

  /// Each image's rows from `first` on, of `[batch, rows, width]`.
  private func rowsOfEach(_ x: Node, from first: Int) -> Node {
    let kept = (0..<x.shape[0]).flatMap { _ in (first..<x.shape[1]).map(Int32.init) }
    return gathered(x, at: kept)
  }

  /// Each image's matrix `[rows, columns]` transposed.
  private func transposed(_ x: Node, _ shape: [Int], rows: Int, columns: Int) -> Node {
    let out = makeNode(shape, needsGradient: x.needsGradient)
    let batch = x.shape[0]
    transpose(x.data, out.data, batch: batch, rows: rows, columns: columns)
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        withBuffer(bytes: x.count * 4) { buffer in
          let back = buffer.assumingMemoryBound(to: Float.self)
          transpose(d, back, batch: batch, rows: columns, columns: rows)
          addGradient(back, .float32, to: x)
        }
      }
    }
    return out
  }

  private func transpose(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, batch: Int, rows: Int,
    columns: Int
  ) {
    // Blocks of 16 × 16 keep both sides in the cache.
    let block = 16
    for image in 0..<batch {
      let (source, target) = (from + image * rows * columns, to + image * rows * columns)
      for firstRow in stride(from: 0, to: rows, by: block) {
        let lastRow = min(firstRow + block, rows)
        for firstColumn in stride(from: 0, to: columns, by: block) {
          for row in firstRow..<lastRow {
            for column in firstColumn..<min(firstColumn + block, columns) {
              target[column * rows + row] = source[row * columns + column]
            }
          }
        }
      }
    }
  }

  /// Every `stride`-th pixel of feature maps, with channels of zeros in front of the others and behind.
  ///
  /// A shortcut without weights to a smaller, wider map (He et al. 2016, option A).
  /// - Parameters:
  ///   - x: float32 `[batch, height, width, channels]`.
  ///   - stride: pixels from one that is kept to the next.
  ///   - channels: of the result.
  ///   - front: channels of zeros before those of `x`.
  /// - Returns: float32 `[batch, ⌈height / stride⌉, ⌈width / stride⌉, channels]`.
  package func subsampled(_ x: Node, stride: Int, channels: Int, front: Int) -> Node {
    let (batch, rows, columns, inputs) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    precondition(front >= 0 && front + inputs <= channels, "\(inputs) channels do not fit")
    let (outRows, outColumns) = ((rows - 1) / stride + 1, (columns - 1) / stride + 1)
    let out = makeNode([batch, outRows, outColumns, channels], needsGradient: x.needsGradient)
    out.data.update(repeating: 0, count: out.count)
    let forEachPixel = { (body: (_ from: Int, _ to: Int) -> Void) in
      for line in 0..<batch * outRows {
        let (image, row) = (line / outRows, line % outRows)
        for column in 0..<outColumns {
          body(
            ((image * rows + row * stride) * columns + column * stride) * inputs,
            (line * outColumns + column) * channels + front)
        }
      }
    }
    forEachPixel { from, to in (out.data + to).update(from: x.data + from, count: inputs) }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        withGradientSum(of: x) { sum in
          forEachPixel { from, to in uk_add(d + to, uk_float32, sum + from, 1, inputs) }
        }
      }
    }
    return out
  }

  /// Values side by side along the last dimension.
  ///
  /// - Parameter parts: float32, equal but for the last extent; at least one.
  /// - Returns: float32 `[…, sum of the last extents]`.
  package func concatenated(_ parts: [Node]) -> Node {
    let rows = parts[0].rows
    let columns = parts.reduce(0) { $0 + $1.columns }
    precondition(
      parts.allSatisfy { $0.shape.dropLast() == parts[0].shape.dropLast() },
      "\(parts.map(\.shape)) cannot stand side by side")
    let out = makeNode(
      parts[0].shape.dropLast() + [columns], needsGradient: parts.contains { $0.needsGradient })
    var start = 0
    for part in parts {
      for row in 0..<rows {
        (out.data + row * columns + start).update(
          from: part.data + row * part.columns, count: part.columns)
      }
      start += part.columns
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.gradient else { return }
        var start = 0
        for part in parts {
          if part.needsGradient {
            withGradientSum(of: part) { sum in
              for row in 0..<rows {
                uk_add(
                  d + row * columns + start, uk_float32, sum + row * part.columns, 1, part.columns)
              }
            }
          }
          start += part.columns
        }
      }
    }
    return out
  }
}
