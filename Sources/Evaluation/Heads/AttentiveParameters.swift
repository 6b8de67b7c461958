import CKernels
import Support
import Tensors

/// The learned tensors of one attentive head.
struct AttentiveParameters: Sendable {
  let width: Int
  let heads: Int
  let query: Parameter
  let queryNorm: (gain: Parameter, bias: Parameter)
  /// The bias adds the same to all scores of a head, so its gradient is zero.
  let keyNorm: (gain: Parameter, bias: Parameter)
  let valueNorm: (gain: Parameter, bias: Parameter)
  let queryLinear: (weight: Parameter, bias: Parameter)
  let keyWeight: Parameter
  let valueLinear: (weight: Parameter, bias: Parameter)
  let projection: (weight: Parameter, bias: Parameter)
  let classifier: (weight: Parameter, bias: Parameter)

  static let normEpsilon: Float = 1e-6

  /// Declares the tensors, their names after `prefix` and a dot.
  init(_ store: ParameterStore, prefix: String, width: Int, heads: Int, classes: Int) {
    self.width = width
    self.heads = heads
    func vector(_ name: String) -> Parameter { store.add("\(prefix).\(name)", [width]) }
    func matrix(_ name: String) -> Parameter { store.add("\(prefix).\(name)", [width, width]) }
    query = vector("query")
    queryNorm = (vector("norms.query.weight"), vector("norms.query.bias"))
    keyNorm = (vector("norms.key.weight"), vector("norms.key.bias"))
    valueNorm = (vector("norms.value.weight"), vector("norms.value.bias"))
    queryLinear = (matrix("q.weight"), vector("q.bias"))
    keyWeight = matrix("k.weight")
    valueLinear = (matrix("v.weight"), vector("v.bias"))
    projection = (matrix("proj.weight"), vector("proj.bias"))
    classifier = (
      store.add("\(prefix).head.weight", [classes, width]),
      store.add("\(prefix).head.bias", [classes])
    )
  }

  /// Features of one attention head.
  var headWidth: Int { width / heads }

  /// Linear layers truncated normal(0.02), gains 1; everything else, the query too, 0.
  func initialize(seed: UInt64) {
    for parameter in [queryNorm.gain, keyNorm.gain, valueNorm.gain] {
      parameter.data.update(repeating: 1, count: width)
    }
    let weights = [
      queryLinear.weight, keyWeight, valueLinear.weight, projection.weight, classifier.weight,
    ]
    for (index, weight) in weights.enumerated() {
      // By number, not by name, so that heads side by side begin alike.
      var random = RandomStream(seed: seed, purpose: "initialise attentive probe", index)
      for i in 0..<weight.count {
        var value = random.normal()
        while abs(value) > 2 { value = random.normal() }
        weight.data[i] = 0.02 * value
      }
    }
  }

  /// What the query becomes on its way to the scores; kept for the way back.
  struct QueryPath {
    /// The query normalised, without gain and bias.
    var standard: [Float]
    /// The input of the query's linear layer.
    var normed: [Float]
    /// The output of the query's linear layer.
    var projected: [Float]
    var inverseDeviation: Float
  }

  func queryPath() -> QueryPath {
    let n = Float(width)
    var mean: Float = 0
    for c in 0..<width { mean += query.data[c] }
    mean /= n
    var variance: Float = 0
    for c in 0..<width { variance += (query.data[c] - mean) * (query.data[c] - mean) }
    let inverse = 1 / (variance / n + Self.normEpsilon).squareRoot()
    let standard = (0..<width).map { (query.data[$0] - mean) * inverse }
    let normed = standard.enumerated().map {
      $1 * queryNorm.gain.data[$0] + queryNorm.bias.data[$0]
    }
    let projected = (0..<width).map {
      uk_dot(queryLinear.weight.data + $0 * width, normed, width) + queryLinear.bias.data[$0]
    }
    return QueryPath(
      standard: standard, normed: normed, projected: projected, inverseDeviation: inverse)
  }

  /// One direction a head: a token's score is its dot product with the normalised token, without
  /// what adds the same to the scores of all tokens.
  ///
  /// `u_h = (W_kᵀ q_h) ⊙ gain / √headWidth`: with one query for all images, keys need not be
  /// computed.
  func writeDirections(_ path: QueryPath, to directions: UnsafeMutablePointer<Float>) {
    let scale = 1 / Float(headWidth).squareRoot()
    for head in 0..<heads {
      let u = directions + head * width
      keyProduct(path, head, to: u)
      for c in 0..<width { u[c] *= scale * keyNorm.gain.data[c] }
    }
  }

  /// The product `W_kᵀ q_h`.
  private func keyProduct(
    _ path: QueryPath, _ head: Int, to target: UnsafeMutablePointer<Float>
  ) {
    target.update(repeating: 0, count: width)
    for j in head * headWidth..<(head + 1) * headWidth {
      let (q, row) = (path.projected[j], keyWeight.data + j * width)
      for c in 0..<width { target[c] += q * row[c] }
    }
  }

  /// From the gradient of the directions to those of key, query and their norms; overwritten.
  func backward(_ path: QueryPath, directionGradient: UnsafePointer<Float>) {
    let scale = 1 / Float(headWidth).squareRoot()
    let spare = Tensor([2, width])
    let (product, d) = (spare.data, spare.data + width)
    keyNorm.gain.gradient.update(repeating: 0, count: width)
    keyNorm.bias.gradient.update(repeating: 0, count: width)
    for head in 0..<heads {
      let du = directionGradient + head * width
      keyProduct(path, head, to: product)
      for c in 0..<width {
        keyNorm.gain.gradient[c] += scale * product[c] * du[c]
        d[c] = scale * keyNorm.gain.data[c] * du[c]
      }
      for j in head * headWidth..<(head + 1) * headWidth {
        queryLinear.bias.gradient[j] = uk_dot(keyWeight.data + j * width, d, width)
        uk_scale(d, path.projected[j], keyWeight.gradient + j * width, width)
      }
    }
    backwardThroughQuery(path)
  }

  /// From the gradient of the projected query (that of the bias) to the query.
  private func backwardThroughQuery(_ path: QueryPath) {
    let d = queryLinear.bias.gradient
    let normed = Tensor([width])
    for j in 0..<width {
      let (row, gradient) = (
        queryLinear.weight.data + j * width, queryLinear.weight.gradient + j * width
      )
      for c in 0..<width {
        gradient[c] = d[j] * path.normed[c]
        normed.data[c] += d[j] * row[c]
      }
    }
    var (sum, product): (Float, Float) = (0, 0)
    for c in 0..<width {
      queryNorm.gain.gradient[c] = normed.data[c] * path.standard[c]
      queryNorm.bias.gradient[c] = normed.data[c]
      normed.data[c] *= queryNorm.gain.data[c]
      sum += normed.data[c]
      product += normed.data[c] * path.standard[c]
    }
    let n = Float(width)
    for c in 0..<width {
      query.gradient[c] =
        path.inverseDeviation
        * (normed.data[c] - sum / n - path.standard[c] * product / n)
    }
  }
}
