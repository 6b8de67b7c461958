import Tensors

extension ClassifierHead {
  /// The scores of images from their tokens.
  ///
  /// - Parameters:
  ///   - tokens: `[images, tokens, width]`, class token first, after the final norm if there is one.
  ///   - prefix: class and register tokens before the patches.
  /// - Returns: `[images, classes]`.
  package func scores(_ tokens: Tensor, prefix: Int) -> Tensor {
    let (images, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    let scores = Tensor([images, classes])
    for image in 0..<images {
      let features = pooled(tokens.data + image * count * width, count, width, prefix)
      features.withUnsafeBufferPointer { features in
        for row in 0..<classes {
          var sum: Double = Double(bias?.data[row] ?? 0)
          let weights = weight.data + row * features.count
          for index in 0..<features.count { sum += Double(weights[index] * features[index]) }
          scores.data[image * classes + row] = Float(sum)
        }
      }
    }
    return scores
  }

  /// The feature that the classifier reads, for one image.
  private func pooled(
    _ tokens: UnsafePointer<Float>, _ count: Int, _ width: Int, _ prefix: Int
  ) -> [Float] {
    var feature: [Float] = []
    if pooling != .mean { feature += UnsafeBufferPointer(start: tokens, count: width) }
    if pooling != .classToken {
      var sums = [Double](repeating: 0, count: width)
      for token in prefix..<count {
        let row = tokens + token * width
        for channel in 0..<width { sums[channel] += Double(row[channel]) }
      }
      feature += sums.map { Float($0 / Double(max(count - prefix, 1))) }
    }
    guard let norm else { return feature }
    let mean = feature.reduce(0) { $0 + Double($1) } / Double(feature.count)
    let variance =
      feature.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(feature.count)
    let scale = 1 / (variance + Double(norm.epsilon)).squareRoot()
    for index in feature.indices {
      let value = (Double(feature[index]) - mean) * scale
      feature[index] = Float(value) * norm.gain.data[index] + norm.bias.data[index]
    }
    return feature
  }
}
