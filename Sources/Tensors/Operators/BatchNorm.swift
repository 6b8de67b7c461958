import CKernels

extension Graph {
  /// Batch normalisation over all but the last dimension, with an optional residual and ReLU.
  ///
  /// `out = max((x − mean) / √(variance + ε) · gain + bias + residual, 0)`, the last two where asked
  /// for (Ioffe & Szegedy 2015). Where the network of the statistics is trained, mean and biased variance are
  /// those of the whole batch: the lanes of a step meet here, forwards and backwards, so it counts neither
  /// how the batch is cut nor who computes it. The running statistics move once a step.
  /// - Parameters:
  ///   - x: `[…, channels]`.
  ///   - gain: `[channels]`; 1 when nil.
  ///   - bias: `[channels]`; 0 when nil.
  ///   - statistics: the running mean and variance.
  ///   - epsilon: added to the variance, inside the root.
  ///   - usesBatch: whether the batch's statistics normalise; nil: when the network is trained here.
  ///   - residual: added to the result; of the result's shape and type.
  ///   - rectified: whether negative results become 0.
  ///   - output: the type of the result; that of `x` when nil.
  /// - Returns: `[…, channels]`.
  package func batchNorm(
    _ x: Node, gain: Parameter?, bias: Parameter?, statistics: RunningStatistics, epsilon: Float,
    usesBatch: Bool? = nil, residual: Node? = nil, rectified: Bool = false,
    output: ElementType? = nil
  ) -> Node {
    let (rows, width) = (x.rows, x.columns)
    precondition(
      statistics.mean.count == width, "\(statistics.mean.name) does not fit \(x.shape)")
    let usesBatch = (usesBatch ?? trains(statistics.mean.store)) && rows > 0
    let type = output ?? x.type
    precondition(
      residual.map { $0.shape == x.shape && $0.type == type } ?? true,
      "a residual has the shape and type of the batch norm's result")
    let (gainGradient, biasGradient) = (gradient(of: gain), gradient(of: bias))
    let out = makeNode(
      x.shape, type,
      needsGradient: x.needsGradient || gainGradient != nil || biasGradient != nil
        || residual?.needsGradient ?? false)
    // Mean, inverse deviation, scale and shift of each channel.
    let moments = makeNode([4, width])
    let place = { (row: Int) in moments.data + row * width }
    var total = rows
    if usesBatch {
      columnMoments(x, mean: place(0), variance: place(1))
      if let lane = lane(of: statistics.mean) {
        statistics.add(mean: place(0), variance: place(1), rows: rows, to: lane)
      }
      total = seat?.pool(mean: place(0), variance: place(1), rows: rows, width: width) ?? rows
    } else {
      place(0).update(from: statistics.mean.data, count: width)
      place(1).update(from: statistics.variance.data, count: width)
    }
    for c in 0..<width {
      let inverse = 1 / (place(1)[c] + epsilon).squareRoot()
      place(1)[c] = inverse
      place(2)[c] = inverse * (gain?.data[c] ?? 1)
      place(3)[c] = (bias?.data[c] ?? 0) - place(0)[c] * place(2)[c]
    }
    let parts = pieces(of: rows)
    share(parts.count) { part, _ in
      let first = parts[part].lowerBound * width
      uk_scale_shift(
        x.raw + first * x.type.stride, x.type.kernel, place(2), place(3),
        residual.map { $0.raw + first * type.stride }, rectified ? 1 : 0,
        out.raw + first * type.stride, type.kernel, parts[part].count, width)
    }
    if out.needsGradient {
      record { [self] in
        guard let d = out.storage.gradient else { return }
        if rectified {
          uk_activate_backward(uk_relu, out.raw, d, d, type.kernel, nil, rows, width)
        }
        batchNormBackward(
          x, d, type, moments, batchRows: usesBatch ? total : nil, gainGradient: gainGradient,
          biasGradient: biasGradient)
        if let residual, residual.needsGradient { passGradient(of: out, to: residual) }
      }
    }
    return out
  }

  /// Batch normalisation, without gain and bias, of given rows of which the moments are known before the step.
  ///
  /// No gradient reaches the rows, so the batch need not meet: this is the batch norm of a network's input.
  /// - Parameters:
  ///   - rows: of the batch.
  ///   - range: which of them.
  ///   - norm: by the moments of the whole batch, or by running statistics.
  /// - Returns: float32 `[range, width]`.
  package func batchNorm(_ rows: BatchRows, _ range: Range<Int>, by norm: ColumnNorm) -> Node {
    let out = makeNode([range.count, rows.width])
    rows.withPlace(range) { start, indices in
      uk_gathered_standardise(
        start, indices, range.count, norm.mean.data, norm.scale.data, out.data, rows.width)
    }
    return out
  }

  /// Mean and variance over the rows of this graph.
  private func columnMoments(
    _ x: Node, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>
  ) {
    let (width, parts) = (x.columns, pieces(of: x.rows))
    guard parts.count > 1 else {
      return uk_column_moments(x.raw, x.type.kernel, mean, variance, x.rows, width)
    }
    let moments = makeNode([parts.count, 2, width])
    share(parts.count) { part, _ in
      let place = moments.data + part * 2 * width
      uk_column_moments(
        x.raw + parts[part].lowerBound * width * x.type.stride, x.type.kernel, place,
        place + width, parts[part].count, width)
    }
    ColumnMoments.pool(
      parts.enumerated().map { part, range in
        let place = moments.data + part * 2 * width
        return [Double(range.count)] + (0..<2 * width).map { Double(place[$0]) }
      }, mean: mean, variance: variance, width: width)
  }

  /// With `x̂` normalised: `dx = scale · (d − mean(d) − x̂ · mean(d · x̂))`, the means only where the statistics
  /// of a batch, of `batchRows` rows, were used.
  private func batchNormBackward(
    _ x: Node, _ d: UnsafeRawPointer, _ type: ElementType, _ moments: Node, batchRows: Int?,
    gainGradient: UnsafeMutablePointer<Float>?, biasGradient: UnsafeMutablePointer<Float>?
  ) {
    let (rows, width) = (x.rows, x.columns)
    let (mean, inverse, scale) = (moments.data, moments.data + width, moments.data + 2 * width)
    let parts = pieces(of: rows)
    withBuffer(bytes: parts.count * 2 * width * 4) { buffer in
      let plain = buffer.assumingMemoryBound(to: Float.self)
      let along = plain + width
      share(parts.count) { part, _ in
        let (first, place) = (parts[part].lowerBound * width, plain + part * 2 * width)
        uk_batch_norm_sums(
          d + first * type.stride, type.kernel, x.raw + first * x.type.stride, x.type.kernel, mean,
          place, place + width, parts[part].count, width)
      }
      for part in 1..<parts.count {
        uk_add(plain + part * 2 * width, uk_float32, plain, 1, 2 * width)
      }
      for c in 0..<width {
        gainGradient?[c] += along[c] * inverse[c]
        biasGradient?[c] += plain[c]
      }
      if batchRows != nil { seat?.sum(buffer.assumingMemoryBound(to: Float.self), 2 * width) }
      for c in 0..<width {
        let share = batchRows.map { scale[c] / Float($0) } ?? 0
        plain[c] *= share
        along[c] *= share * inverse[c] * inverse[c]
      }
      guard x.needsGradient else { return }
      let target = x.gradientTarget()
      share(parts.count) { part, _ in
        let first = parts[part].lowerBound * width
        uk_batch_norm_backward(
          d + first * type.stride, type.kernel, x.raw + first * x.type.stride, x.type.kernel, mean,
          scale, along, plain, target.pointer + first * x.type.stride, target.accumulates ? 1 : 0,
          parts[part].count, width)
      }
    }
  }
}
