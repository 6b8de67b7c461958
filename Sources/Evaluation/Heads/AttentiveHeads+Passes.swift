import CKernels
import Support
import Tensors

extension AttentiveHeads {
  /// From tokens to the outputs of the projection.
  func forwardToOutputs(_ batch: BatchTokens, _ count: Int, _ buffers: AttentiveBuffers)
    -> [AttentiveParameters.QueryPath]
  {
    let paths = parameters.map { $0.queryPath() }
    for (s, path) in paths.enumerated() {
      parameters[s].writeDirections(path, to: buffers.directions.data + s * heads * width)
    }
    pool.run(Self.lanes) { [self] lane, worker in
      attend(batch, Self.laneRange(lane, count), buffers, worker)
    }
    eachLane(count) { [self] s, _, range, worker in
      project(s, range, buffers, Gemm(workspace: workspaces[worker]))
    }
    return paths
  }

  /// Attention weights and weighted means of the tokens of some examples.
  private func attend(
    _ batch: BatchTokens, _ range: Range<Int>, _ buffers: AttentiveBuffers, _ worker: Int
  ) {
    let gemm = Gemm(workspace: workspaces[worker])
    withNormalised(batch, range, scratches[worker].data) { x, part in
      let weights = buffers.weights.data + part.lowerBound * tokens * rows
      gemm.multiply(
        x, byTransposed: buffers.directions.data, into: weights, rows: part.count * tokens,
        columns: rows, inner: width)
      for (index, example) in part.enumerated() {
        let own = weights + index * tokens * rows
        uk_column_softmax(own, tokens, rows)
        gemm.multiply(
          MatrixView(transposed: own, stride: rows),
          by: MatrixView(x + index * tokens * width, stride: width),
          into: buffers.pooled.data + example * width, stride: buffers.batch * width, rows: rows,
          columns: width, inner: tokens)
      }
    }
  }

  /// Values of the weighted means, and the projection of them.
  private func project(_ s: Int, _ range: Range<Int>, _ buffers: AttentiveBuffers, _ gemm: Gemm) {
    let p = parameters[s]
    let headWidth = p.headWidth
    let values = buffers.values.data + (s * buffers.batch + range.lowerBound) * width
    for head in 0..<heads {
      let place = ((s * heads + head) * buffers.batch + range.lowerBound) * width
      let normed = buffers.normed.data + place
      uk_affine_columns(
        buffers.pooled.data + place, p.valueNorm.gain.data, p.valueNorm.bias.data, normed,
        range.count, width)
      gemm.multiply(
        MatrixView(normed, stride: width),
        by: MatrixView(
          transposed: p.valueLinear.weight.data + head * headWidth * width, stride: width),
        into: values + head * headWidth, stride: width, rows: range.count, columns: headWidth,
        inner: width, bias: p.valueLinear.bias.data + head * headWidth)
    }
    gemm.multiply(
      values, byTransposed: p.projection.weight.data,
      into: buffers.outputs.data + (s * buffers.batch + range.lowerBound) * width,
      rows: range.count, columns: width, inner: width, bias: p.projection.bias.data)
  }

  /// Standardises outputs and computes logits.
  func writeLogits(
    _ s: Int, _ range: Range<Int>, _ buffers: AttentiveBuffers, _ workspace: Workspace
  ) {
    let first = s * buffers.batch + range.lowerBound
    let outputs = buffers.outputs.data + first * width
    uk_standardise_columns(
      outputs, norms[s].mean.data, norms[s].scale.data, range.count, width)
    Gemm(workspace: workspace).multiply(
      outputs, byTransposed: parameters[s].classifier.weight.data,
      into: buffers.logits.data + first * classes, rows: range.count, columns: classes,
      inner: width, bias: parameters[s].classifier.bias.data)
  }

  /// The loss of some examples; leaves the gradients of logits and standardised outputs.
  func classify(
    _ s: Int, _ range: Range<Int>, _ labels: [Int32], _ count: Int, _ buffers: AttentiveBuffers,
    _ workspace: Workspace
  ) -> Double {
    writeLogits(s, range, buffers, workspace)
    guard !range.isEmpty else { return 0 }
    let first = s * buffers.batch + range.lowerBound
    let logits = buffers.logits.data + first * classes
    let loss = labels.withUnsafeBufferPointer { labels in
      uk_cross_entropy(
        logits, labels.baseAddress.map { $0 + range.lowerBound }, 0, 1 / Float(count), logits,
        range.count, classes)
    }
    Gemm(workspace: workspace).multiply(
      MatrixView(logits, stride: classes),
      by: MatrixView(parameters[s].classifier.weight.data, stride: width),
      into: buffers.outputGradient.data + first * width, stride: width, rows: range.count,
      columns: width, inner: classes)
    return loss
  }

  /// From the gradients of the standardised outputs to those of all parameters.
  func backward(
    _ batch: BatchTokens, _ count: Int, _ buffers: AttentiveBuffers,
    _ paths: [AttentiveParameters.QueryPath]
  ) {
    pool.run(settings.count) { [self] s, _ in sumNormGradients(s, count, buffers) }
    eachLane(count) { [self] s, _, range, worker in
      backwardToValues(s, range, count, buffers, Gemm(workspace: workspaces[worker]))
    }
    pool.run(settings.count * (heads + 2)) { [self] job, worker in
      writeWeightGradients(
        job % settings.count, job / settings.count, count, buffers,
        Gemm(workspace: workspaces[worker]))
    }
    eachLane(count) { [self] s, _, range, worker in
      backwardToPooled(s, range, buffers, Gemm(workspace: workspaces[worker]))
    }
    pool.run(Self.lanes) { [self] lane, worker in
      backwardToDirections(batch, lane, Self.laneRange(lane, count), buffers, worker)
    }
    pool.run(settings.count) { [self] s, _ in
      sumValueNormGradients(s, count, buffers)
      let own = Tensor([heads * width])
      let parts = (0..<Self.lanes).map {
        Optional(buffers.directionGradient.data + ($0 * rows + s * heads) * width)
      }
      uk_sum_lanes(parts, parts.count, 1, own.data, own.count)
      parameters[s].backward(paths[s], directionGradient: own.data)
    }
  }

  private func sumNormGradients(_ s: Int, _ count: Int, _ buffers: AttentiveBuffers) {
    let (norm, start) = (norms[s], s * buffers.batch * width)
    norm.gradientSum.data.update(repeating: 0, count: width)
    norm.gradientProduct.data.update(repeating: 0, count: width)
    let d = buffers.outputGradient.data + start
    uk_column_sums(d, uk_float32, norm.gradientSum.data, count, width)
    uk_column_products(d, buffers.outputs.data + start, norm.gradientProduct.data, count, width)
  }

  private func backwardToValues(
    _ s: Int, _ range: Range<Int>, _ count: Int, _ buffers: AttentiveBuffers, _ gemm: Gemm
  ) {
    let (norm, place) = (norms[s], (s * buffers.batch + range.lowerBound) * width)
    // The classifier's gradient still needs the standardised outputs, which stay as they are.
    uk_standardise_backward(
      buffers.outputGradient.data + place, buffers.outputs.data + place, norm.scale.data,
      norm.gradientSum.data, norm.gradientProduct.data, 1 / Float(count), range.count, width)
    gemm.multiply(
      MatrixView(buffers.outputGradient.data + place, stride: width),
      by: MatrixView(parameters[s].projection.weight.data, stride: width),
      into: buffers.valueGradient.data + place, stride: width, rows: range.count, columns: width,
      inner: width)
  }

  /// The gradients of one matrix over the whole batch: classifier, projection, or the values'
  /// rows of one attention head.
  private func writeWeightGradients(
    _ s: Int, _ matrix: Int, _ count: Int, _ buffers: AttentiveBuffers, _ gemm: Gemm
  ) {
    let (p, first) = (parameters[s], s * buffers.batch)
    switch matrix {
    case 0:
      writeGradient(
        of: p.classifier, buffers.logits.data + first * classes,
        buffers.outputs.data + first * width, outputs: classes, count, gemm)
    case 1:
      writeGradient(
        of: p.projection, buffers.outputGradient.data + first * width,
        buffers.values.data + first * width, outputs: width, count, gemm)
    default:
      writeValueGradient(s, matrix - 2, count, buffers, gemm)
    }
  }

  private func writeGradient(
    of layer: (weight: Parameter, bias: Parameter), _ d: UnsafePointer<Float>,
    _ input: UnsafePointer<Float>, outputs: Int, _ count: Int, _ gemm: Gemm
  ) {
    gemm.multiply(
      transposed: d, by: input, into: layer.weight.gradient, rows: outputs, columns: width,
      inner: count)
    layer.bias.gradient.update(repeating: 0, count: outputs)
    uk_column_sums(d, uk_float32, layer.bias.gradient, count, outputs)
  }

  private func writeValueGradient(
    _ s: Int, _ head: Int, _ count: Int, _ buffers: AttentiveBuffers, _ gemm: Gemm
  ) {
    let p = parameters[s]
    let start = head * p.headWidth
    let d = buffers.valueGradient.data + s * buffers.batch * width + start
    gemm.multiply(
      MatrixView(transposed: d, stride: width),
      by: MatrixView(
        buffers.normed.data + (s * heads + head) * buffers.batch * width, stride: width),
      into: p.valueLinear.weight.gradient + start * width, stride: width, rows: p.headWidth,
      columns: width, inner: count)
    let bias = p.valueLinear.bias.gradient + start
    bias.update(repeating: 0, count: p.headWidth)
    for row in 0..<count {
      uk_add(d + row * width, uk_float32, bias, 1, p.headWidth)
    }
  }

  /// Gradients of the normed means, in the place of the means with norm.
  private func backwardToPooled(
    _ s: Int, _ range: Range<Int>, _ buffers: AttentiveBuffers, _ gemm: Gemm
  ) {
    let p = parameters[s]
    let d = buffers.valueGradient.data + (s * buffers.batch + range.lowerBound) * width
    for head in 0..<heads {
      let start = head * p.headWidth
      gemm.multiply(
        MatrixView(d + start, stride: width),
        by: MatrixView(p.valueLinear.weight.data + start * width, stride: width),
        into: buffers.normed.data
          + ((s * heads + head) * buffers.batch + range.lowerBound) * width,
        stride: width, rows: range.count, columns: width, inner: p.headWidth)
    }
  }

  private func sumValueNormGradients(_ s: Int, _ count: Int, _ buffers: AttentiveBuffers) {
    let norm = parameters[s].valueNorm
    norm.gain.gradient.update(repeating: 0, count: width)
    norm.bias.gradient.update(repeating: 0, count: width)
    for row in s * heads..<(s + 1) * heads {
      let start = row * buffers.batch * width
      uk_column_sums(buffers.normed.data + start, uk_float32, norm.bias.gradient, count, width)
      uk_column_products(
        buffers.normed.data + start, buffers.pooled.data + start, norm.gain.gradient, count, width)
    }
  }

  /// Gradients of the directions from the examples of one lane.
  private func backwardToDirections(
    _ batch: BatchTokens, _ lane: Int, _ range: Range<Int>, _ buffers: AttentiveBuffers,
    _ worker: Int
  ) {
    let gemm = Gemm(workspace: workspaces[worker])
    let scratch = scratches[worker].data
    let scores = scratch + slice * tokens * width
    let means = scores + slice * tokens * rows
    let target = buffers.directionGradient.data + lane * rows * width
    target.update(repeating: 0, count: rows * width)
    withNormalised(batch, range, scratch) { x, part in
      for (index, example) in part.enumerated() {
        for row in 0..<rows {
          uk_multiply(
            buffers.normed.data + (row * buffers.batch + example) * width,
            parameters[row / heads].valueNorm.gain.data, means + row * width, 0, width)
        }
        let own = scores + index * tokens * rows
        gemm.multiply(
          x + index * tokens * width, byTransposed: means, into: own, rows: tokens, columns: rows,
          inner: width)
        uk_column_softmax_backward(
          buffers.weights.data + example * tokens * rows, own, tokens, rows)
      }
      gemm.multiply(
        transposed: scores, by: x, into: target, rows: rows, columns: width,
        inner: part.count * tokens, accumulates: true)
    }
  }

  /// Runs `body` on slices of the examples, their tokens normalised into `x`.
  private func withNormalised(
    _ batch: BatchTokens, _ range: Range<Int>, _ x: UnsafeMutablePointer<Float>,
    _ body: (_ x: UnsafePointer<Float>, _ part: Range<Int>) -> Void
  ) {
    let extent = tokens * width
    for start in stride(from: range.lowerBound, to: range.upperBound, by: slice) {
      let part = start..<min(start + slice, range.upperBound)
      for (index, example) in part.enumerated() {
        let place = batch.indices.map { Int($0[example]) } ?? example
        uk_normalized_from_half(
          batch.rows + place * extent, AttentiveParameters.normEpsilon, x + index * extent, tokens,
          width)
      }
      body(UnsafePointer(x), part)
    }
  }
}
