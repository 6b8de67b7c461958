import Checkpoints
import Encoders
import Support
import Vision

/// A summary of an image that a head reads.
package enum FeatureKind: String, Sendable, CaseIterable {
  /// The class token.
  case classToken = "class"
  /// The mean of the patch tokens.
  case mean
  /// The class token, then the mean of the patch tokens.
  case classAndMean = "class+mean"
  /// The class token, then the register tokens.
  case classAndRegisters = "class+registers"
  /// All tokens: class, registers, patches in raster order.
  case tokens
  /// Whatever the classifier that came with the encoder reads; resolved to one of the others.
  case classifier
  /// The preprocessed pixels themselves, channel by channel; the features of `pixels`.
  case pixels

  /// What tasks and commands may ask for.
  package static let requestable: [String] = [classToken, mean, tokens].map { $0.rawValue }
}

/// Which features a task wants.
package struct FeatureRequest: Hashable, Sendable {
  /// Which summary.
  package let kind: FeatureKind
  /// The block (from 1) whose output is read; nil reads the end, after the final norm.
  package let layer: Int?

  /// A wish for features.
  package init(_ kind: FeatureKind, layer: Int? = nil) {
    self.kind = kind
    self.layer = layer
  }

  /// The wish in the words of a configuration.
  package var requested: String {
    kind.rawValue + (layer.map { " after block \($0)" } ?? "")
  }
}

/// What a subject gives for a wish, with its extents.
package struct ResolvedFeature: Hashable, Sendable {
  /// What is computed.
  package let request: FeatureRequest
  /// Rows an image: the number of tokens, or 1.
  package let tokens: Int
  /// Features of a row.
  package let width: Int
  /// What it is, in words.
  package let summary: String
  /// Whether tokens too are stored as 32-bit floats.
  var isExact = false

  /// Tokens are stored as 16-bit floats, to halve their size; everything else in full.
  package var isHalf: Bool { request.kind == .tokens && !isExact }
  /// The same, stored as 32-bit floats.
  var exact: ResolvedFeature {
    var copy = self
    copy.isExact = true
    return copy
  }
  /// Bytes of an image.
  package var bytesPerImage: Int { tokens * width * (isHalf ? 2 : 4) }
}

extension EvaluationSubject {
  /// What this subject gives for a wish: without a class token the mean of the patches, and
  /// without an encoder the pixels.
  ///
  /// - Parameter request: the wish.
  /// - Returns: what is computed, with its extents.
  /// - Throws: `InputError` when the encoder has no such block, or no classifier came with it.
  package func resolve(_ request: FeatureRequest) throws -> ResolvedFeature {
    guard let encoder else { return resolvePixels(request) }
    if let layer = request.layer, !(1...encoder.depth).contains(layer) {
      throw InputError(
        "layer \(layer)", "\(encoder.name) has blocks 1 to \(encoder.depth)", "choose one of them")
    }
    let place = request.layer.map { "after block \($0)" } ?? "after the final norm"
    let (width, tokens) = (
      encoder.level(request.layer).channels, encoder.tokenCount(at: request.layer)
    )
    let patches = tokens - encoder.prefixTokens
    var kind = request.kind == .classifier ? try classifierInput : request.kind
    if kind == .classToken && encoder.classTokens == 0 { kind = .mean }
    let resolved = FeatureRequest(kind, layer: request.layer)
    switch kind {
    case .classToken:
      return ResolvedFeature(
        request: resolved, tokens: 1, width: width, summary: "class token \(place)")
    case .mean:
      return ResolvedFeature(
        request: resolved, tokens: 1, width: width,
        summary: "mean of \(patches) patch tokens \(place)")
    case .classAndMean:
      return ResolvedFeature(
        request: resolved, tokens: 1, width: 2 * width,
        summary: "class token and mean of \(patches) patch tokens \(place)")
    case .classAndRegisters:
      return ResolvedFeature(
        request: resolved, tokens: 1, width: encoder.prefixTokens * width,
        summary: "class token and \(encoder.registerTokens) register tokens \(place)")
    case .tokens:
      return ResolvedFeature(
        request: resolved, tokens: tokens, width: width,
        summary: "\(tokens) tokens \(place)")
    case .pixels, .classifier:
      return resolvePixels(request)
    }
  }

  /// What the own classifier or projection reads.
  private var classifierInput: FeatureKind {
    get throws {
      switch try ownHead.pooling {
      case .classToken: .classToken
      case .mean: .mean
      case .classAndMean: .classAndMean
      case .classAndRegisters: .classAndRegisters
      }
    }
  }

  /// The classifier or projection that came with the encoder.
  /// - Throws: `InputError` when none came.
  package var ownHead: ClassifierHead {
    get throws {
      guard let head else { throw lacksClassifier }
      return head
    }
  }

  /// The classifier that came with the encoder.
  /// - Throws: `InputError` when none came; a projection is none.
  package var ownClassifier: ClassifierHead {
    get throws {
      let head = try ownHead
      guard !head.isProjection else { throw lacksClassifier }
      return head
    }
  }

  private var lacksClassifier: InputError {
    InputError(
      source, "has no classifier of its own",
      "give a checkpoint that was trained on labels, or train a head: linear_probe")
  }

  private func resolvePixels(_ request: FeatureRequest) -> ResolvedFeature {
    let side = preprocessing.side
    guard request.kind == .tokens else {
      return ResolvedFeature(
        request: FeatureRequest(.pixels), tokens: 1, width: 3 * side * side,
        summary: "pixels, 3 × \(side) × \(side)")
    }
    let patch = Self.pixelPatch
    return ResolvedFeature(
      request: FeatureRequest(.tokens), tokens: (side / patch) * (side / patch),
      width: 3 * patch * patch,
      summary: "\((side / patch) * (side / patch)) patches of \(patch) × \(patch) pixels")
  }
}
