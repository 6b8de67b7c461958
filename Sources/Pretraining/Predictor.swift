import Encoders
import Support
import Tensors

/// A network on top of the encoder that predicts the target; every file of `Predictors` is one.
package protocol Predictor: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for people.
  static var summary: String { get }

  /// Declares the parameters in the context's store.
  ///
  /// - Parameters:
  ///   - fields: the settings.
  ///   - shape: what is to be predicted.
  ///   - context: what for.
  /// - Throws: `InputError` when it cannot predict that, or not from this encoder.
  init(_ fields: Fields, predicting shape: PredictionShape, _ context: PartContext) throws

  /// Draws fresh weights.
  func initialize(seed: UInt64)

  /// Floating-point operations of a forward pass over one view, two for each multiply-add.
  ///
  /// - Parameters:
  ///   - visible: patches that the encoder saw.
  ///   - hidden: patches that are hidden.
  /// - Returns: the number of operations.
  func forwardFLOPs(visible: Int, hidden: Int) -> Double
}

/// A predictor that reads the encoder's output.
protocol EncoderPredictor: Predictor {
  /// The prediction: `[hidden patches, width]`, an image a view, or a row a view.
  func predict(_ output: EncoderOutput, of slice: PretrainingSlice, in graph: Graph) -> Node
}

/// A predictor that reads what an earlier term predicts.
protocol StackedPredictor: Predictor {
  /// The index of that term.
  var source: Int { get }

  /// The prediction, from that of the term: `[hidden patches, width]`.
  func predict(from below: Node, of slice: PretrainingSlice, in graph: Graph) -> Node
}

extension Predictor {
  /// The refusal of a prediction that this one does not make.
  static func cannot(predict shape: PredictionShape, _ fields: Fields) -> InputError {
    fields.error(
      at: "kind", "\(kind) cannot predict \(shape.words)",
      "choose another predictor: \(allPredictors.map { $0.kind }.joined(separator: ", "))")
  }
}
