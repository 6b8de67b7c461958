import Encoders
import Support
import Tensors
import Vision

/// How an encoder of ours is made from the tensors of a file, before any is read.
package struct ModelPlan: Sendable {
  /// The network.
  package enum Architecture: Sendable {
    case visionTransformer(VisionTransformerConfiguration)
    case residualNetwork(ResidualNetworkConfiguration)
  }

  package var architecture: Architecture
  /// Architecture, patch and side in one word: `vit-base/16@224`.
  package var encoderName: String
  /// Weights by the encoder's parameter names.
  var weights: [(name: String, source: WeightSource)]
  /// A classifier that came with the encoder.
  var head: HeadPlan?
  /// The transform of evaluation.
  package var preprocessing: Preprocessing
  /// What a reader should know: choices that the file left open.
  package var notes: [String] = []
  /// Tensors of the file that are used on purpose for nothing else than checking.
  var settled: Set<String> = []

  /// The tensors that are read.
  var usedNames: Set<String> {
    var used = Set(weights.flatMap { $0.source.names })
    used.formUnion(head?.sources.flatMap(\.names) ?? [])
    return used.union(settled)
  }
}

/// Where a classifier's weights come from.
struct HeadPlan: Sendable {
  var pooling: ClassifierHead.Pooling
  /// Gain and bias of a layer norm after pooling, and its epsilon.
  var norm: (gain: WeightSource, bias: WeightSource, epsilon: Float)?
  var weight: WeightSource
  var bias: WeightSource?

  var sources: [WeightSource] {
    [norm?.gain, norm?.bias, weight, bias].compactMap { $0 }
  }

  func load(from archive: TensorArchive) throws -> ClassifierHead {
    ClassifierHead(
      pooling: pooling,
      norm: try norm.map {
        (try $0.gain.tensor(from: archive), try $0.bias.tensor(from: archive), $0.epsilon)
      },
      weight: try weight.tensor(from: archive), bias: try bias?.tensor(from: archive))
  }
}

/// The classifier, or projection, that came with an encoder.
package struct ClassifierHead: Sendable {
  /// Which feature it reads.
  package enum Pooling: String, Sendable {
    case classToken = "class"
    case mean = "mean"
    /// The class token beside the mean of the patches.
    case classAndMean = "class+mean"
  }

  package let pooling: Pooling
  /// A layer norm after pooling: gain, bias, epsilon.
  package let norm: (gain: Tensor, bias: Tensor, epsilon: Float)?
  /// Extents: `[classes, features]`.
  package let weight: Tensor
  /// Extents: `[classes]`.
  package let bias: Tensor?

  /// Number of classes.
  package var classes: Int { weight.shape[0] }
}
