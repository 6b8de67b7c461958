import Encoders
import Support
import Tensors
import Training
import Vision

/// Pretraining by the parts of a recipe: views, masks, predictors, targets, losses, a teacher.
///
/// `begin` writes its networks, before workers read them.
package final class PretrainingObjective: Objective, @unchecked Sendable {
  /// What was drawn for a batch: for each view of each image, first all first views.
  package struct Plan: Sendable {
    package let patches: [MaskPlan]
    package let removed: [ImageMaskPlan]
    package let totals: BatchTotals
  }

  /// What is trained.
  package let encoder: any Encoder
  let parts: RecipeParts
  private var teacher: (any Encoder)?
  package private(set) var networks: [TrainedNetwork] = []
  private var images: (any ImageSplit)?

  /// Reads the parts of a recipe; no weight is drawn.
  ///
  /// - Parameters:
  ///   - fields: the recipe, of which the parts take their own keys.
  ///   - encoder: what is trained.
  ///   - classes: of the data set's labels; nil where it has none, or the recipe says how many.
  /// - Throws: `InputError` when a part is unknown, or does not fit another or the encoder.
  package init(_ fields: Fields, encoder: any Encoder, classes: Int? = nil) throws {
    self.encoder = encoder
    parts = try RecipeParts(fields, encoder: encoder, classes: classes)
  }

  /// Weights that are trained beside the encoder and kept for pictures and test-time training.
  package var parameters: ParameterStore { parts.store }
  /// The name of the method, for people.
  package var method: String { parts.method }
  /// What levels are normalised with.
  package var statistics: PixelStatistics { parts.view.statistics }
  /// The filter of the resize.
  package var interpolation: Interpolation { parts.view.interpolation }
  /// Views of each image.
  package var viewCount: Int { parts.view.count }
  /// Classes of the labels that are learned from; nil where none are.
  package var classes: Int? { parts.classes }
  /// Whether the labels of the data set are learned from.
  package var readsLabels: Bool { parts.readsLabels }
  /// Whether the loss compares all images of a batch.
  package var needsBatch: Bool { parts.needsBatch }

  /// Draws the weights beside the encoder's, and makes the teacher.
  ///
  /// - Parameters:
  ///   - images: the training split.
  ///   - seed: fixes the weights.
  ///   - steps: of the whole run, over which a teacher's momentum changes.
  ///   - rules: what steps do to each parameter.
  package func begin(
    _ images: (any ImageSplit)?, seed: UInt64, steps: Int, rules: ParameterRules
  ) {
    self.images = images
    if let token = parts.maskToken { Initialization.normal(0.02).fill(token, seed: seed) }
    for term in parts.terms { term.predictor.initialize(seed: seed) }
    networks = [
      TrainedNetwork("encoder", encoder.parameters, .trained(rules.of(encoder))),
      TrainedNetwork("method", parts.store, .trained(rules.ofHead)),
    ]
    if let kind = parts.teacher {
      let copy = encoder.copy()
      teacher = copy
      networks.append(
        TrainedNetwork(
          "teacher", copy.parameters,
          .average(of: encoder.parameters, momentum: kind.momentum(steps: steps))))
    }
  }

  /// The activations of about so many tokens of ViT-Ti fit the second-level cache of a core.
  private static let tokensInFlight = 2176

  package var sliceSize: Int {
    max(1, Self.tokensInFlight / (encoder.tokenCount * parts.view.count))
  }

  package func plan(_ batch: TrainingBatch) throws -> Plan {
    var (patches, removed) = ([MaskPlan](), [ImageMaskPlan]())
    let side = encoder.side
    for view in 0..<parts.view.count {
      for sample in batch.samples {
        var random = stream("mask", batch, sample, view)
        switch parts.mask {
        case let mask as any PatchMask where !mask.needsScores:
          let grid = encoder.patchGrid
          patches.append(mask.plan(rows: grid.rows, columns: grid.columns, random: &random))
        case let mask as any ImageMask:
          removed.append(mask.plan(rows: side, columns: side, random: &random))
        default: break
        }
      }
    }
    let views = batch.samples.count * parts.view.count
    let hidden = (equalHiddenCount.map { $0 * views }) ?? patches.reduce(0) { $0 + $1.hidden.count }
    return Plan(
      patches: patches, removed: removed,
      totals: BatchTotals(
        images: batch.samples.count, views: views, hidden: hidden,
        removed: removed.reduce(0) { $0 + $1.removedCount }))
  }

  /// Hidden patches of each view, where they are equally many; nil where the number varies or nothing is hidden.
  private var equalHiddenCount: Int? {
    let grid = encoder.patchGrid
    guard let mask = parts.mask as? any PatchMask,
      let visible = try? mask.visibleCounts(rows: grid.rows, columns: grid.columns),
      visible.lowerBound == visible.upperBound
    else { return nil }
    return encoder.patchCount - visible.lowerBound
  }

  /// The random numbers of one view of a sample; the first view's are those of recipes with one.
  private func stream(_ purpose: String, _ batch: TrainingBatch, _ sample: Int, _ view: Int)
    -> RandomStream
  {
    view == 0
      ? RandomStream(seed: batch.seed, purpose: purpose, batch.epoch, sample)
      : RandomStream(seed: batch.seed, purpose: purpose, batch.epoch, sample, view)
  }

  package func terms(
    of range: Range<Int>, in batch: TrainingBatch, _ plan: Plan, _ graph: Graph
  ) throws -> Terms {
    try terms(of: slice(range, of: batch, plan, graph), in: graph)
  }

  /// Renders a part of a batch.
  private func slice(
    _ range: Range<Int>, of batch: TrainingBatch, _ plan: Plan, _ graph: Graph
  ) throws -> PretrainingSlice {
    guard let images else { preconditionFailure("training began without images") }
    let (view, side) = (parts.view, encoder.side)
    let plane = side * side
    let shape = [range.count * view.count, 3, side, side]
    // The places of this slice's views in lists of the batch.
    let places = (0..<view.count).flatMap { index in
      range.map {
        (view: index, place: index * batch.samples.count + $0, sample: batch.samples[$0])
      }
    }
    let imageMask = parts.mask as? any ImageMask
    let clean = try unsafe graph.constant(shape) { planes in
      for (row, place) in places.enumerated() {
        var random = stream("view", batch, place.sample, place.view)
        let target = unsafe planes + row * 3 * plane
        unsafe view.render(try images.image(at: place.sample), random: &random, into: target)
        if imageMask == nil { unsafe view.statistics.normalise(target, plane: plane) }
      }
    }
    var seen = clean
    if let imageMask {
      seen = unsafe graph.constant(shape) { planes in
        for (row, place) in places.enumerated() {
          let (source, target) = unsafe (clean.data + row * 3 * plane, planes + row * 3 * plane)
          for index in 0..<3 * plane { unsafe source[index] /= 255 }
          unsafe target.update(from: source, count: 3 * plane)
          unsafe imageMask.apply(
            plan.removed[place.place], to: target, channels: 3, rows: side, columns: side)
          unsafe view.statistics.normalise(source, plane: plane, white: 255)
          unsafe view.statistics.normalise(target, plane: plane, white: 255)
        }
      }
    }
    var slice = PretrainingSlice(
      images: clean, seen: seen,
      plans: plan.patches.isEmpty ? [] : places.map { plan.patches[$0.place] },
      removed: plan.removed.isEmpty ? [] : places.map { plan.removed[$0.place] },
      labels: readsLabels ? places.map { Int32(images.label(at: $0.sample)) } : [],
      totals: plan.totals)
    if let mask = parts.mask as? any PatchMask, mask.needsScores {
      slice = scored(
        slice, by: mask, places.map { stream("mask", batch, $0.sample, $0.view) }, graph)
    }
    return slice
  }

  /// The slice with patches hidden by the teacher's attention.
  private func scored(
    _ slice: PretrainingSlice, by mask: any PatchMask, _ streams: [RandomStream], _ graph: Graph
  ) -> PretrainingSlice {
    let grid = encoder.patchGrid
    let patches = encoder.patchCount
    let scores =
      teacher?.encode(EncoderInput(slice.images, wantsAttention: true), in: graph)
      .attention.map { meanAttention($0, after: encoder.prefixTokens) } ?? []
    precondition(scores.count == slice.count * patches, "scores of a teacher without attention")
    let plans = streams.enumerated().map { view, stream -> MaskPlan in
      var random = stream
      return mask.plan(
        rows: grid.rows, columns: grid.columns,
        scores: scores[view * patches..<(view + 1) * patches], random: &random)
    }
    return PretrainingSlice(
      images: slice.images, seen: slice.seen, plans: plans, labels: slice.labels,
      totals: slice.totals)
  }

  /// The mean over heads of the class token's attention to each patch, `[views × patches]`.
  private func meanAttention(_ attention: Node, after prefix: Int) -> [Float] {
    let (views, heads, tokens) = (attention.shape[0], attention.shape[1], attention.shape[2])
    let values = attention.array
    return (0..<views).flatMap { view in
      (prefix..<tokens).map { token in
        (0..<heads).reduce(Float(0)) { $0 + values[(view * heads + $1) * tokens + token] }
          / Float(heads)
      }
    }
  }

  /// The terms of a slice: its share of the loss, and embeddings where views meet.
  ///
  /// - Parameters:
  ///   - slice: what is seen and hidden.
  ///   - graph: the computation.
  /// - Returns: the terms.
  package func terms(of slice: PretrainingSlice, in graph: Graph) -> Terms {
    let output = encode(slice, in: graph)
    let features = teacherFeatures(of: slice, in: graph)
    var terms = Terms(loss: 0)
    var predictions: [Node] = []
    for term in parts.terms {
      let prediction = predict(term, output, after: predictions, of: slice, in: graph)
      predictions.append(prediction)
      if let loss = term.loss as? any PairLoss, let target = term.target {
        terms.loss += loss.value(
          prediction, target: target.values(of: slice, teacher: features, in: graph), of: slice,
          weight: term.weight, in: graph)
      } else {
        terms.embeddings += views(of: prediction, in: graph)
      }
    }
    return terms
  }

  /// What one term predicts.
  ///
  /// - Parameters:
  ///   - index: of the term in the recipe.
  ///   - slice: what is seen and hidden.
  ///   - graph: the computation.
  /// - Returns: what the term's target is compared with.
  package func prediction(term index: Int, of slice: PretrainingSlice, in graph: Graph) -> Node {
    let output = encode(slice, in: graph)
    var predictions: [Node] = []
    for term in parts.terms.prefix(index + 1) {
      predictions.append(predict(term, output, after: predictions, of: slice, in: graph))
    }
    return predictions[index]
  }

  /// What a term predicts, from the encoder's output or from what an earlier term predicts.
  private func predict(
    _ term: LossTerm, _ output: EncoderOutput, after earlier: [Node], of slice: PretrainingSlice,
    in graph: Graph
  ) -> Node {
    switch term.predictor {
    case let predictor as any EncoderPredictor:
      predictor.predict(output, of: slice, in: graph)
    case let predictor as any StackedPredictor:
      predictor.predict(from: earlier[predictor.source], of: slice, in: graph)
    default: preconditionFailure("\(type(of: term.predictor).kind) reads nothing")
    }
  }

  private func encode(_ slice: PretrainingSlice, in graph: Graph) -> EncoderOutput {
    var mask: TokenMask?
    switch parts.hiding {
    case .drop: mask = .drop(visible: slice.plans.flatMap(\.visible))
    case .replace:
      guard let vector = parts.maskToken else { break }
      var isHidden = [Bool](repeating: false, count: slice.count * encoder.patchCount)
      for row in slice.hiddenRows(places: encoder.patchCount) { isHidden[Int(row)] = true }
      mask = .replace(isHidden: isHidden, by: vector)
    case nil: break
    }
    return encoder.encode(EncoderInput(slice.seen, mask: mask), in: graph)
  }

  private func teacherFeatures(of slice: PretrainingSlice, in graph: Graph) -> TeacherFeatures? {
    let levels = parts.teacherLevels
    guard let teacher, !levels.isEmpty else { return nil }
    let output = teacher.encode(
      EncoderInput(slice.images, taps: levels.map { $0 }), in: graph)
    return TeacherFeatures(
      levels: Dictionary(uniqueKeysWithValues: zip(levels, output.features)))
  }

  /// The rows of each view: `[images, width]`.
  private func views(of prediction: Node, in graph: Graph) -> [Node] {
    let (rows, width) = (prediction.rows, prediction.columns)
    let images = rows / parts.view.count
    return (0..<parts.view.count).map { view in
      graph.gathered(
        prediction.reshaped([1, rows, width]),
        at: (0..<images).map { Int32(view * images + $0) }
      ).reshaped([images, width])
    }
  }

  package func combining(_ batch: TrainingBatch, _ plan: Plan) -> BatchLossBody? {
    guard needsBatch else { return nil }
    return { [self] graph, anchors, embeddings in
      batchLoss(of: anchors, among: embeddings, in: graph)
    }
  }

  /// The anchors' share of the terms that compare all views.
  package func batchLoss(of anchors: Range<Int>, among embeddings: [Node], in graph: Graph)
    -> Double
  {
    let losses = parts.terms.compactMap { term in
      (term.loss as? any BatchLoss).map { ($0, term.weight) }
    }
    let count = parts.view.count
    return losses.enumerated().reduce(0) { sum, term in
      let views = Array(embeddings[term.offset * count..<(term.offset + 1) * count])
      return sum
        + term.element.0.value(of: anchors, among: views, weight: term.element.1, in: graph)
    }
  }
}

extension PretrainingObjective {
  /// What identifies the mask in reports; nil when nothing is masked.
  package var maskFingerprint: JSON? {
    let grid = encoder.patchGrid
    switch parts.mask {
    case let mask as any PatchMask:
      guard let json = try? mask.fingerprint(rows: grid.rows, columns: grid.columns) else {
        return nil
      }
      guard parts.hiding == .replace, var fields = json.object else { return json }
      fields["apply"] = "replace"
      return .object(fields)
    case let mask as any ImageMask:
      return mask.fingerprint(rows: encoder.side, columns: encoder.side)
    default: return nil
    }
  }

  /// What one image costs, so that runs with other masks can be compared at known compute.
  package var cost: PretrainingCost {
    let patches = encoder.patchCount
    let hidden = equalHiddenCount ?? meanHiddenCount
    let seen = parts.hiding == .drop ? patches - hidden : patches
    let views = Double(parts.view.count)
    let predictors = parts.terms.reduce(0) {
      $0 + $1.predictor.forwardFLOPs(visible: patches - hidden, hidden: hidden)
    }
    let hiddenPasses = Double(parts.terms.count { $0.target?.encodesHiddenPatches == true })
    let targets =
      hiddenPasses * encoder.forwardFLOPs(patches: hidden)
      + (parts.teacher == nil ? 0 : encoder.forwardFLOPs(patches: patches))
    return PretrainingCost(
      patches: patches, visiblePatches: seen,
      encoderForward: views * encoder.forwardFLOPs(patches: seen),
      predictorForward: views * predictors,
      teacherForward: views * targets)
  }

  /// Hidden patches of a view on average, where the number varies.
  private var meanHiddenCount: Int {
    let grid = encoder.patchGrid
    guard let mask = parts.mask as? any PatchMask else { return 0 }
    var random = RandomStream(seed: 0, purpose: "mask cost")
    let draws = 200
    let hidden = (0..<draws).reduce(0) { sum, _ in
      sum + mask.plan(rows: grid.rows, columns: grid.columns, random: &random).hidden.count
    }
    return hidden / draws
  }

  /// Whether `pictures` can show what it hides and paints in.
  package var isPaintable: Bool {
    (parts.mask as? any PatchMask)?.needsScores == false && painted != nil
  }

  /// The first term whose target can be shown.
  private var painted: (index: Int, target: any PaintableTarget)? {
    for (index, term) in parts.terms.enumerated() {
      if let target = term.target as? any PaintableTarget { return (index, target) }
    }
    return nil
  }

  /// The mask of a sample in an epoch; nil where no patch is hidden, or a teacher decides.
  package func plan(sample: Int, epoch: Int, seed: UInt64) -> MaskPlan? {
    guard let mask = parts.mask as? any PatchMask, !mask.needsScores else { return nil }
    var random = RandomStream(seed: seed, purpose: "mask", epoch, sample)
    let grid = encoder.patchGrid
    return mask.plan(rows: grid.rows, columns: grid.columns, random: &random)
  }

  /// Images whose hidden patches are replaced by what is predicted; visible ones stay.
  ///
  /// - Parameters:
  ///   - images: float32 `[count, channels, side, side]`, normalised.
  ///   - plans: one an image.
  ///   - graph: the computation.
  /// - Returns: `count × channels × side × side` values, normalised as the images are.
  package func reconstructions(of images: Node, plans: [MaskPlan], in graph: Graph) -> [Float] {
    let slice = PretrainingSlice(
      images: images, plans: plans,
      totals: BatchTotals(
        images: plans.count, views: plans.count, hidden: plans.reduce(0) { $0 + $1.hidden.count }))
    guard let painted else { return images.array }
    return painted.target.painted(
      prediction(term: painted.index, of: slice, in: graph), into: slice)
  }
}
