import Encoders
import Support
import Tensors
import Vision

/// How an encoder of ours is made from the tensors of a file, before any is read.
package struct ModelPlan: Sendable {
  /// The network.
  package var architecture: any StoredArchitecture
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

  /// The encoder, without weights.
  /// - Throws: `InputError` when extents do not fit each other.
  func makeEncoder() throws -> any Encoder { try architecture.makeEncoder(named: encoderName) }

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
  var isProjection = false
  /// Gain and bias of a layer norm after pooling, and its epsilon.
  var norm: (gain: WeightSource, bias: WeightSource, epsilon: Float)?
  var weight: WeightSource
  var bias: WeightSource?

  /// The mean of the scores of a class and a distillation token, as one layer that reads both.
  ///
  /// - Parameters:
  ///   - weights: the two matrices in the archive.
  ///   - biases: their biases; both or none.
  ///   - shape: of each matrix, `[classes, width]`.
  /// - Returns: the head (Touvron et al. 2021, section 4).
  static func distilled(weights: [String], biases: [String], shape: [Int]) -> HeadPlan {
    let (classes, width) = (shape[0], shape[1])
    let weight = unsafe WeightSource(weights, shape: [classes, 2 * width]) { archive, target in
      for (index, name) in weights.enumerated() {
        try unsafe archive.withFloats(name, count: classes * width) { part in
          for row in 0..<classes {
            let place = unsafe target + (2 * row + index) * width
            for column in 0..<width { unsafe place[column] = unsafe part[row * width + column] / 2 }
          }
        }
      }
    }
    let bias = unsafe WeightSource(biases, shape: [classes]) { archive, target in
      unsafe target.update(repeating: 0, count: classes)
      for name in biases {
        try unsafe archive.withFloats(name, count: classes) { part in
          for row in 0..<classes { unsafe target[row] += part[row] / 2 }
        }
      }
    }
    return HeadPlan(
      pooling: .classAndRegisters, weight: weight, bias: biases.count == 2 ? bias : nil)
  }

  var sources: [WeightSource] {
    [norm?.gain, norm?.bias, weight, bias].compactMap { $0 }
  }

  func load(from archive: TensorArchive) throws -> ClassifierHead {
    ClassifierHead(
      pooling: pooling, isProjection: isProjection,
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
    /// The class token beside the register tokens, of which a distillation token is one.
    case classAndRegisters = "class+registers"
  }

  package let pooling: Pooling
  /// Whether it leads to a space shared with texts (CLIP) and not to classes.
  package let isProjection: Bool
  /// A layer norm after pooling: gain, bias, epsilon.
  package let norm: (gain: Tensor, bias: Tensor, epsilon: Float)?
  /// Extents: `[classes, features]`.
  package let weight: Tensor
  /// Extents: `[classes]`.
  package let bias: Tensor?

  /// All its tensors.
  var tensors: [Tensor] { [norm?.gain, norm?.bias, weight, bias].compactMap { $0 } }
  /// Number of classes, or of the projection's features.
  package var classes: Int { weight.shape[0] }
  /// Number of features that it reads.
  package var width: Int { weight.shape[1] }
}
