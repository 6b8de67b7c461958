import Support

/// One term of the loss: what is predicted, by what, and how it is compared.
struct LossTerm: Sendable {
  let predictor: any Predictor
  /// Nil where views are compared with each other.
  let target: (any Target)?
  let loss: any Loss
  let weight: Double
  /// What is predicted.
  let shape: PredictionShape

  /// Reads a term: `{predictor, target, loss, weight}`.
  ///
  /// - Parameters:
  ///   - fields: the term.
  ///   - context: what for.
  /// - Throws: `InputError` when parts do not fit each other or the encoder.
  init(_ fields: Fields, _ context: PartContext) throws {
    let loss = try fields.takeFields("loss", shorthand: "kind", "how they are compared")
    self.loss = try takePart(
      loss, of: allLosses.map { ($0.kind, $0) }, default: RegressionLoss.kind, "loss"
    ).init(loss)
    try loss.finish()
    var predicted = PredictionShape.views
    if let pair = self.loss as? any PairLoss {
      let section = try fields.takeFields("target", shorthand: "kind", "what is predicted")
      let target = try takePart(
        section, of: allTargets.map { ($0.kind, $0) }, default: PixelTarget.kind, "target"
      ).init(section, context)
      try section.finish()
      predicted = target.shape
      try pair.check(predicted, loss, context)
      self.target = target
    } else {
      target = nil
    }
    let predictor = try fields.takeFields("predictor", shorthand: "kind", "what predicts it")
    self.predictor = try takePart(
      predictor, of: allPredictors.map { ($0.kind, $0) }, "predictor"
    ).init(predictor, predicting: predicted, context)
    shape = predicted
    try predictor.finish()
    weight = try fields.take("weight", default: 1.0, in: 0...1e6, "of this term in the loss")
    try fields.finish()
  }

  /// MAE's term, as recipes say it by `target:` and `decoder:`.
  init(mae fields: Fields, _ context: PartContext) throws {
    let section = try fields.takeFields("target", "what is regressed")
    let target = try PixelTarget(section, context)
    try section.finish()
    let decoder = try fields.takeFields("decoder", "the transformer that predicts pixels")
    predictor = try SelfAttentionDecoder(decoder, predicting: target.shape, context)
    try decoder.finish()
    self.target = target
    (loss, weight, shape) = (RegressionLoss(), 1, target.shape)
  }
}
