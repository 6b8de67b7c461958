import CKernels

/// How the weights of grouped linear layers lie.
package enum WeightOrder: Sendable {
  /// `[groups × out, in]`, as PyTorch has them.
  case outputsByInputs
  /// `[groups × in, out]`: the transposed layer.
  case inputsByOutputs
}

/// The gain and bias of a norm, or of several side by side.
package struct GainAndBias: Sendable {
  /// `[norms × width]`.
  package let gain: Parameter
  /// `[norms × width]`.
  package let bias: Parameter

  /// A gain and a bias of one shape.
  package init(gain: Parameter, bias: Parameter) { (self.gain, self.bias) = (gain, bias) }
}

extension Graph {
  /// Linear layers side by side, each over inputs of its own: `out[…, g] = x[…, g] W_gᵀ + b_g`.
  ///
  /// Layers over one input that all share are one `linear` with their weights along the first dimension.
  /// - Parameters:
  ///   - x: `[…, groups × in]`.
  ///   - weight: of all layers; `order` says how they lie.
  ///   - bias: `[groups × out]`.
  ///   - groups: number of layers.
  ///   - order: of the weights.
  ///   - norm: whose gain and bias come first: `W (gain ⊙ x + bias)`; of several norms, each is that of as many
  ///     neighbouring layers. They are folded into the weights, so
  ///     nothing as large as the input is written; only with `outputsByInputs`, in float32.
  ///   - output: the type of the result without a norm; the compute type when nil.
  /// - Returns: `[…, groups × out]`.
  package func linear(
    _ x: Node, weight: Parameter, bias: Parameter?, groups: Int,
    order: WeightOrder = .outputsByInputs, after norm: GainAndBias? = nil,
    output: ElementType? = nil
  ) -> Node {
    let compute = norm == nil ? precision.computeType : .float32
    let x = converted(x, to: compute)
    let layers = GroupedLayers(x, weight, groups, order, compute)
    let fold = norm.map { self.fold($0, weight, bias, layers) }
    let own = LayerGradients(
      weight: gradient(of: weight), bias: gradient(of: bias), gain: gradient(of: norm?.gain),
      shift: gradient(of: norm?.bias))
    let type = norm == nil ? output ?? compute : .float32
    let out = makeNode(
      x.shape.dropLast() + [groups * layers.out], type,
      needsGradient: x.needsGradient || own.isWanted)
    let operand = fold.map { UnsafeRawPointer($0.weight.raw) } ?? weight.operand(compute)
    let added = fold.map { $0.bias.data } ?? bias?.data
    forEachPiece(layers) { group, rows, workspace in
      multiply(
        layers.forward(rows.count, type, hasBias: added != nil),
        x.raw + layers.input(group, rows), operand + layers.weights(group),
        into: out.raw + layers.output(group, rows) * type.stride,
        bias: added.map { UnsafePointer($0 + group * layers.out) }, in: workspace)
    }
    if out.needsGradient {
      record { [self] in
        guard let outGradient = out.storage.gradient else { return }
        let withGradient = { [self] (body: (UnsafeRawPointer) -> Void) in
          if type == compute { return body(outGradient) }
          withOperand(outGradient, type, count: out.count) { body($0) }
        }
        withGradient { d in
          if let fold, let norm {
            foldedGradients(x, d, weight, norm, fold, layers, own)
          } else {
            if let bias = own.bias {
              uk_column_sums(outGradient, type.kernel, bias, layers.rows, out.columns)
            }
            if let weight = own.weight { weightGradients(x, d, layers, weight) }
          }
          guard x.needsGradient else { return }
          let target = x.gradientTarget()
          forEachPiece(layers) { group, rows, workspace in
            multiply(
              layers.backward(rows.count, x.type, accumulates: target.accumulates),
              d + layers.output(group, rows) * compute.stride, operand + layers.weights(group),
              into: target.pointer + layers.input(group, rows), in: workspace)
          }
        }
      }
    }
    return out
  }

  /// Runs jobs that each take one layer and some rows.
  private func forEachPiece(
    _ layers: GroupedLayers, _ body: (_ group: Int, Range<Int>, Workspace) -> Void
  ) {
    let pieces = pieces(of: layers.rows, most: max(1, 64 / layers.groups))
    share(pieces.count * layers.groups) { job, workspace in
      body(job % layers.groups, pieces[job / layers.groups], workspace)
    }
  }

  /// Adds the gradients of the weights; each job takes some rows of one layer's.
  private func weightGradients(
    _ x: Node, _ d: UnsafeRawPointer, _ layers: GroupedLayers,
    _ target: UnsafeMutablePointer<Float>
  ) {
    let pieces = pieces(of: layers.weightRows, most: max(1, 16 / layers.groups))
    share(pieces.count * layers.groups) { job, workspace in
      let (group, rows) = (job % layers.groups, pieces[job / layers.groups])
      let start = (group * layers.weightRows + rows.lowerBound) * layers.weightColumns
      weightProduct(
        x, d, layers, group, rows, accumulates: true, into: target + start, workspace)
    }
  }

  /// The gradient of some rows of one layer's weights.
  private func weightProduct(
    _ x: Node, _ d: UnsafeRawPointer, _ layers: GroupedLayers, _ group: Int, _ rows: Range<Int>,
    accumulates: Bool, into target: UnsafeMutablePointer<Float>, _ workspace: Workspace
  ) {
    let skipped = rows.lowerBound * layers.type.stride
    let (inputs, outputs) = (
      x.raw + layers.input(group, 0..<0), d + layers.output(group, 0..<0) * layers.type.stride
    )
    let isUsual = layers.order == .outputsByInputs
    multiply(
      layers.weightGradient(rows.count, accumulates: accumulates),
      isUsual ? outputs + skipped : UnsafeRawPointer(inputs + skipped),
      isUsual ? UnsafeRawPointer(inputs) : outputs, into: UnsafeMutableRawPointer(target),
      in: workspace)
  }

  /// Weights and biases that give on `x` what the layers give on `gain ⊙ x + bias`.
  private func fold(
    _ norm: GainAndBias, _ weight: Parameter, _ bias: Parameter?, _ layers: GroupedLayers
  ) -> (weight: Node, bias: Node) {
    precondition(layers.order == .outputsByInputs, "a norm is folded into usual layers only")
    let folded = makeNode(weight.shape)
    let foldedBias = makeNode([layers.groups * layers.out])
    share(layers.groups) { group, _ in
      let (row, place) = (group * layers.out, layers.norm(group, of: norm))
      uk_fold_norm(
        weight.data + row * layers.inner, bias.map { $0.data + row }, norm.gain.data + place,
        norm.bias.data + place, folded.data + row * layers.inner, foldedBias.data + row,
        layers.out, layers.inner)
    }
    return (folded, foldedBias)
  }

  /// Adds the gradients of weights, biases and of the norms folded into them.
  private func foldedGradients(
    _ x: Node, _ d: UnsafeRawPointer, _ weight: Parameter, _ norm: GainAndBias,
    _ fold: (weight: Node, bias: Node), _ layers: GroupedLayers, _ own: LayerGradients
  ) {
    let (width, out) = (layers.inner, layers.out)
    // The folded biases are not needed any more: their gradients take the place.
    let sums = fold.bias.data
    sums.update(repeating: 0, count: fold.bias.count)
    uk_column_sums(d, layers.type.kernel, sums, layers.rows, fold.bias.count)
    let parts = makeNode([layers.groups, 2, width])
    parts.data.update(repeating: 0, count: parts.count)
    share(layers.groups) { group, workspace in
      let (row, place) = (group * out, layers.norm(group, of: norm))
      let product = workspace.take(out * width * 4)
      defer { workspace.give(product, out * width * 4) }
      let folded = product.assumingMemoryBound(to: Float.self)
      weightProduct(x, d, layers, group, 0..<out, accumulates: false, into: folded, workspace)
      let part = parts.data + group * 2 * width
      uk_fold_norm_backward(
        weight.data + row * width, norm.gain.data + place, norm.bias.data + place, folded,
        sums + row, own.weight.map { $0 + row * width }, part, part + width, out, width)
    }
    if let bias = own.bias { uk_add(sums, uk_float32, bias, 1, fold.bias.count) }
    for group in 0..<layers.groups {
      let (part, place) = (parts.data + group * 2 * width, layers.norm(group, of: norm))
      if let gain = own.gain { uk_add(part, uk_float32, gain + place, 1, width) }
      if let shift = own.shift { uk_add(part + width, uk_float32, shift + place, 1, width) }
    }
  }
}

/// Where the gradients of grouped layers go; nil where they are not trained.
private struct LayerGradients {
  let weight: UnsafeMutablePointer<Float>?
  let bias: UnsafeMutablePointer<Float>?
  let gain: UnsafeMutablePointer<Float>?
  let shift: UnsafeMutablePointer<Float>?

  var isWanted: Bool { weight != nil || bias != nil || gain != nil || shift != nil }
}

/// Extents of grouped layers, and where each layer's part of a matrix begins.
private struct GroupedLayers {
  let rows: Int
  let groups: Int
  /// Inputs of one layer.
  let inner: Int
  /// Outputs of one layer.
  let out: Int
  let order: WeightOrder
  let type: ElementType

  init(
    _ x: Node, _ weight: Parameter, _ groups: Int, _ order: WeightOrder, _ type: ElementType
  ) {
    rows = x.rows
    (self.groups, self.order, self.type) = (groups, order, type)
    inner = x.columns / groups
    out = weight.count / max(x.columns, 1)
    let first = order == .outputsByInputs ? out : inner
    precondition(
      inner * groups == x.columns && weight.count == groups * out * inner
        && weight.shape.first == groups * first,
      "\(weight.name) \(weight.shape) does not take \(groups) groups of rows of \(x.columns)")
  }

  var weightRows: Int { order == .outputsByInputs ? out : inner }
  var weightColumns: Int { order == .outputsByInputs ? inner : out }

  /// Bytes before a layer's first row of inputs.
  func input(_ group: Int, _ rows: Range<Int>) -> Int {
    (rows.lowerBound * groups + group) * inner * type.stride
  }
  /// Elements before a layer's first row of outputs.
  func output(_ group: Int, _ rows: Range<Int>) -> Int { (rows.lowerBound * groups + group) * out }
  /// Bytes before a layer's weights.
  func weights(_ group: Int) -> Int { group * out * inner * type.stride }
  /// Elements before the gain, or the bias, of the norm in front of a layer.
  func norm(_ group: Int, of norm: GainAndBias) -> Int {
    group * (norm.gain.count / inner) / groups * inner
  }

  private var inputLayout: MatrixLayout { MatrixLayout(row: groups * inner, column: 1) }
  private var outputLayout: MatrixLayout { MatrixLayout(row: groups * out, column: 1) }
  private func weightLayout(transposed: Bool) -> MatrixLayout {
    transposed ? .init(row: 1, column: weightColumns) : .init(row: weightColumns, column: 1)
  }
  private func transposed(_ layout: MatrixLayout) -> MatrixLayout {
    MatrixLayout(row: layout.column, column: layout.row)
  }

  func forward(_ rows: Int, _ result: ElementType, hasBias: Bool) -> ProductShape {
    ProductShape(
      rows: rows, columns: out, inner: inner, a: inputLayout,
      b: weightLayout(transposed: order == .outputsByInputs), c: outputLayout, aType: type,
      bType: type, cType: result, hasBias: hasBias)
  }

  func backward(_ rows: Int, _ result: ElementType, accumulates: Bool) -> ProductShape {
    ProductShape(
      rows: rows, columns: inner, inner: out, a: outputLayout,
      b: weightLayout(transposed: order == .inputsByOutputs), c: inputLayout, aType: type,
      bType: type, cType: result, addition: accumulates ? .accumulate : .overwrite)
  }

  func weightGradient(_ count: Int, accumulates: Bool) -> ProductShape {
    let isUsual = order == .outputsByInputs
    return ProductShape(
      rows: count, columns: weightColumns, inner: rows,
      a: transposed(isUsual ? outputLayout : inputLayout),
      b: isUsual ? inputLayout : outputLayout, c: .init(row: weightColumns, column: 1),
      aType: type, bType: type, addition: accumulates ? .accumulate : .overwrite)
  }
}
