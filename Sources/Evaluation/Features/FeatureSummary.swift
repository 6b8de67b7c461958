import Encoders
import Tensors

extension Encoder {
  /// Writes one row an image of what `feature` takes from the tokens.
  ///
  /// - Parameters:
  ///   - feature: any kind but tokens and pixels.
  ///   - tokens: `[images, tokens, width]`.
  ///   - graph: the computation of the tokens.
  ///   - target: room for `[images, feature.width]`.
  func write(
    _ feature: ResolvedFeature, of tokens: Node, in graph: Graph,
    to target: UnsafeMutablePointer<Float>
  ) {
    let (images, tokenCount, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    func copy(_ count: Int, from source: UnsafePointer<Float>, stride: Int, to place: Int) {
      for image in 0..<images {
        unsafe (target + image * feature.width + place).update(
          from: source + image * stride, count: count)
      }
    }
    switch feature.request.kind {
    case .classToken, .classAndRegisters:
      unsafe copy(feature.width, from: tokens.data, stride: tokenCount * width, to: 0)
    case .mean, .classAndMean:
      let place = feature.width - width
      unsafe copy(place, from: tokens.data, stride: tokenCount * width, to: 0)
      let mean = graph.mean(tokens, tokens: prefixTokens..<tokenCount)
      unsafe copy(width, from: mean.data, stride: width, to: place)
    case .tokens, .pixels, .classifier:
      preconditionFailure("\(feature.request.kind) is no summary of tokens")
    }
  }
}
