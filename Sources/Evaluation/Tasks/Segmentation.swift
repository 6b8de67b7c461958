import Encoders
import Foundation
import Results
import Support
import Tensors
import Vision

/// Semantic segmentation with a linear head on frozen maps.
///
/// The head is DINOv2's: batch norm and a 1×1 convolution on the patch tokens (see `SegmentationHead`). Logits are resized to
/// the size of the label maps, where loss and scores are taken. The encoder sees the whole picture, resized to its side
/// whatever the shape, so that every pixel has a prediction. The learning rate is chosen by mean IoU on validation images.
package struct Segmentation: Task {
  package static let kind = "segmentation"
  package static let summary = "linear head on frozen maps: mean IoU"

  private let request: FeatureRequest
  private let rates: [Double]
  private let decay: Double
  private let schedule: ProbeSchedule
  private let validationFraction: Double

  package init(fields: Fields) throws {
    request = FeatureRequest(
      .tokens,
      layer: try fields.takeOptional(
        "layer", in: 1...1000, "block whose output is read; the end when absent"))
    schedule = ProbeSchedule(
      epochs: try fields.take("epochs", default: 20, in: 1...10_000, "passes over the data"),
      warmUpEpochs: try fields.take(
        "warm_up_epochs", default: 2, in: 0...10_000, "epochs of rising learning rate"),
      batchSize: try fields.take("batch_size", default: 64, in: 2...100_000, "images a step"))
    rates = try fields.take(
      "learning_rates", default: [0.001, 0.003, 0.01, 0.03], in: 1e-9...1e3,
      "learning rates of AdamW; several are searched")
    decay = try fields.take("weight_decay", default: 0.0001, in: 0...1, "decoupled, of the weights")
    validationFraction = try fields.take(
      "validation_fraction", default: 0.1, in: 0.001...0.5,
      "share of train that the learning rate is chosen on, where the data has no validation split; "
        + "at least 1,000 images or a fifth")
    guard !rates.isEmpty else {
      throw fields.error(at: "learning_rates", "the list is empty", "give at least one value")
    }
  }

  /// None that other tasks read: the transform is another one where pictures are cut.
  package var features: [FeatureRequest] { [] }
  package var splits: [String] {
    rates.count > 1 ? ["train", "validation", "test"] : ["train", "test"]
  }
  package var annotations: Set<Annotation.Kind> { [.labelMap] }

  package func fit(_ context: TaskContext) throws -> any FittedHead {
    let subject = context.subject.seeingWholePictures
    let train = try LabelledMaps(SplitReference("train"), request, subject, context)
    let validation =
      rates.count > 1
      ? try ValidationImages(context.dataset, fraction: validationFraction) : nil
    let search = try validation.map { try self.search($0, train, subject, context) }
    let rate = search.map { $0.candidates[$0.best]["learning_rate"] ?? 0 } ?? rates[0]
    let head = try fitted(
      rate, train, images: train.all, subject, context, what: "training")
    var result = try blankResult(subject, validation, context)
    result.headParameters = head.parameterCount
    result.hyperparameters = Hyperparameters(
      searched: search.map {
        ["learning_rate": .array(($0.grid["learning_rate"] ?? []).map { .number($0) })]
      }
        ?? [:],
      chosen: [
        "learning_rate": .number(rate),
        "effective_batch_size": .integer(schedule.effectiveBatch(train.maps.count)),
      ], chosenOn: validation?.summary ?? "fixed", isOnGridEdge: search?.isOnEdge ?? false)
    if let search { result.details = ["search": search.details] }
    return FittedSegmentation(result: result, request: request, subject: subject, head: head)
  }

  /// A result that names the splits, the classes and what the encoder sees.
  private func blankResult(
    _ subject: EvaluationSubject, _ validation: ValidationImages?, _ context: TaskContext
  ) throws -> TaskResult {
    let data = context.dataset
    var splits = ["train": data.train.count, "test": data.test.count]
    if let validation {
      splits[validation.isOwn ? "validation" : "validation_of_train"] = validation.examples.count
    }
    var result = try context.blankResult(
      reading: request, splits: splits, splitHash: validation?.hash)
    result.dataset?.classes = data.mapClasses.count
    result.features = FeatureUse(
      requested: request.requested,
      resolved: try subject.resolve(request).summary + ", of the whole picture")
    var config = result.config.object ?? [:]
    if let validation {
      config["validation"] = .string(validation.isOwn ? "own split" : "cut from train")
    }
    result.config = .object(config)
    return result
  }

  /// Tries all learning rates.
  private func search(
    _ validation: ValidationImages, _ train: LabelledMaps, _ subject: EvaluationSubject,
    _ context: TaskContext
  ) throws -> SearchOutcome {
    let scored =
      validation.isOwn
      ? try LabelledMaps(SplitReference(validation.split), request, subject, context) : train
    let scores = try rates.map { rate in
      let head = try fitted(
        rate, train, images: validation.fit, subject, context, what: "search at \(rate)")
      let counts = try head.counts(scored.tokens, scored.maps, images: validation.examples)
      return SegmentationAccuracy.meanIoU(counts) ?? 0
    }
    return SearchOutcome(
      candidates: rates.map { ["learning_rate": $0] }, accuracies: scores,
      measure: "validation_miou_present")
  }

  /// A head that has learned from some of the training images.
  private func fitted(
    _ rate: Double, _ train: LabelledMaps, images: [Int32], _ subject: EvaluationSubject,
    _ context: TaskContext, what: String
  ) throws -> SegmentationHead {
    let feature = train.tokens.feature
    let grid = subject.grid(request)
    let head = SegmentationHead(
      grid: grid, prefix: feature.tokens - grid.rows * grid.columns, width: feature.width,
      classes: context.dataset.mapClasses.count, seed: context.seed, pool: context.pool)
    let meter = ProgressMeter(
      "\(context.definition.name) of \(context.subject.name), \(what)",
      total: images.count * schedule.epochs, unit: "images")
    defer { meter.finish() }
    try head.train(
      train.tokens, train.maps, images: images,
      .init(learningRate: rate, decay: decay, schedule: schedule, seed: context.seed)
    ) { meter.advance(by: $0) }
    return head
  }
}

/// A trained head, ready to be scored.
private struct FittedSegmentation: FittedHead {
  let result: TaskResult
  let request: FeatureRequest
  let subject: EvaluationSubject
  let head: SegmentationHead

  func score(_ set: SplitReference, in context: TaskContext) throws -> SetScore {
    let input = try LabelledMaps(set, request, subject, context)
    let accuracy = try SegmentationAccuracy(
      ids: context.images(of: set).ids,
      counts: head.counts(input.tokens, input.maps, images: input.all),
      classes: context.dataset.mapClasses, pool: context.pool)
    return SetScore(
      set: set, metrics: accuracy.metrics, headline: "miou_present", perClass: accuracy.perClass,
      predictions: accuracy.predictions)
  }
}

/// The tokens of a set's images, and their label maps, all in memory.
private struct LabelledMaps {
  let tokens: FeatureSet
  let maps: [LabelMap]

  var all: [Int32] { maps.indices.map { Int32($0) } }

  init(
    _ set: SplitReference, _ request: FeatureRequest, _ subject: EvaluationSubject,
    _ context: TaskContext
  ) throws {
    let (images, data) = (try context.images(of: set), context.dataset)
    maps = try context.pool.map(images.count) { index in
      guard let map = try images.annotation(at: index).labelMap else {
        throw InputError("\(data.id), \(images.exampleID(at: index))", "has no label map")
      }
      let classes = data.mapClasses.count
      if let wrong = map.labels.first(where: { $0 != Annotation.ignored && $0 >= classes }) {
        throw InputError(
          "\(data.id), \(images.exampleID(at: index))",
          "its label map has id \(wrong), the classes are 0 to \(classes - 1), and \(Annotation.ignored) for none",
          "give the data's classes, or map the id to one of them")
      }
      return map
    }
    tokens = try context.features(request, of: set, by: subject)
  }
}

extension EvaluationSubject {
  /// The same checkpoint on pictures that are resized to its side whatever their shape, so that nothing is cut off.
  fileprivate var seeingWholePictures: EvaluationSubject {
    var whole = preprocessing
    whole.resize = .squash(width: .ratio(1), height: .ratio(1))
    whole.overhang = 0
    return EvaluationSubject(
      name: name, source: source, format: format, weightsHash: weightsHash, encoder: encoder,
      head: head, preprocessing: whole, pretraining: pretraining, loading: loading)
  }

  /// Places of the patch tokens of a wish, by rows and columns.
  fileprivate func grid(_ request: FeatureRequest) -> (rows: Int, columns: Int) {
    guard let encoder else {
      let places = preprocessing.side / Self.pixelPatch
      return (places, places)
    }
    return encoder.level(request.layer).grid(of: encoder.input)
  }
}
