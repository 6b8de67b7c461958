import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// Networks of every family against the library that defines it (Tests/Goldens/checkpoints.py).
@Suite struct FamilyTests {
  /// One file of the goldens and what should be found out about it.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let file: String
    let family: String
    var branch = ""
    /// Given where the file does not say.
    var heads: Int?
    var sides = [16, 24]
    /// What is compared: `logits` of a classifier or projection that came along.
    var hasHead = false
    var testDescription: String { name }
  }

  static let cases = [
    Case(
      name: "timm_vit", file: "timm_vit", family: "timm-vit", sides: [16, 24, 8], hasHead: true),
    Case(
      name: "timm_registers", file: "timm_registers.safetensors", family: "timm-vit", heads: 3),
    Case(
      name: "timm_no_class", file: "timm_no_class.pth", family: "mae", heads: 3,
      hasHead: true),
    Case(
      name: "deit_distilled", file: "deit_distilled.pth", family: "timm-vit", branch: "model",
      heads: 3, hasHead: true),
    Case(
      name: "deit3", file: "deit3.pth", family: "deit3", branch: "model", heads: 3, hasHead: true),
    Case(name: "mae", file: "mae.pth", family: "mae", branch: "model", heads: 3),
    Case(
      name: "dino", file: "dino.pth", family: "dino", branch: "teacher.module.backbone", heads: 3),
    Case(
      name: "moco_v3", file: "moco_v3.pth.tar", family: "moco-v3",
      branch: "state_dict.module.base_encoder", heads: 3),
    Case(name: "dinov2", file: "dinov2.pth", family: "dinov2", heads: 3),
    Case(name: "dinov2_registers", file: "dinov2_registers.pth", family: "dinov2", heads: 3),
    Case(name: "beit", file: "beit.pth", family: "beit", branch: "model", sides: [16, 24, 8]),
    Case(
      name: "beit_fine_tuned", file: "beit_fine_tuned.pth", family: "beit", branch: "module",
      hasHead: true),
    Case(
      name: "cae", file: "cae.pth", family: "cae", branch: "model.encoder", heads: 3),
    Case(
      name: "simmim", file: "simmim.pth", family: "simmim", branch: "model.encoder"),
    Case(name: "data2vec", file: "data2vec.pth", family: "data2vec", branch: "model"),
    Case(
      name: "openai_clip", file: "openai_clip.pt", family: "openclip", branch: "visual", heads: 3,
      hasHead: true),
    Case(
      name: "openclip", file: "openclip.pt", family: "openclip", branch: "visual", heads: 3,
      hasHead: true),
    Case(
      name: "mmpretrain", file: "mmpretrain.pth", family: "mmpretrain-vit",
      branch: "state_dict.backbone", heads: 3),
    Case(
      name: "torchvision_vit", file: "torchvision_vit.pth", family: "torchvision-vit", heads: 3,
      hasHead: true),
    Case(name: "hf_vit", file: "hf_vit", family: "hf-vit", branch: "vit", hasHead: true),
    Case(name: "hf_mae", file: "hf_mae", family: "hf-vit", branch: "vit"),
    Case(name: "hf_deit", file: "hf_deit", family: "hf-vit"),
    Case(
      name: "hf_deit_distilled", file: "hf_deit_distilled", family: "hf-vit", branch: "deit",
      hasHead: true),
    Case(name: "hf_beit", file: "hf_beit", family: "hf-beit", sides: [16, 24, 8]),
    Case(name: "hf_beit_shared", file: "hf_beit_shared", family: "hf-beit"),
    Case(name: "hf_data2vec", file: "hf_data2vec", family: "hf-beit"),
    Case(name: "hf_dinov2", file: "hf_dinov2", family: "hf-dinov2"),
    Case(
      name: "hf_dinov2_classifier", file: "hf_dinov2_classifier", family: "hf-dinov2",
      branch: "dinov2", hasHead: true),
    Case(name: "hf_dinov2_registers", file: "hf_dinov2_registers", family: "hf-dinov2"),
    Case(
      name: "hf_clip", file: "hf_clip", family: "hf-clip", branch: "vision_model", hasHead: true),
    Case(name: "dinov3", file: "dinov3.pth", family: "dinov3"),
    Case(name: "dinov3_swiglu", file: "dinov3_swiglu.pth", family: "dinov3"),
    Case(
      name: "timm_dinov3", file: "timm_dinov3.safetensors", family: "timm-dinov3", heads: 3),
    Case(
      name: "timm_dinov3_plus", file: "timm_dinov3_plus", family: "timm-dinov3", hasHead: true),
    Case(name: "hf_dinov3", file: "hf_dinov3", family: "hf-dinov3"),
    Case(name: "hf_dinov3_gated", file: "hf_dinov3_gated", family: "hf-dinov3"),
    Case(name: "hf_siglip", file: "hf_siglip", family: "hf-siglip"),
    Case(
      name: "hf_siglip_model", file: "hf_siglip_model", family: "hf-siglip", branch: "vision_model"
    ),
  ]

  @Test(arguments: cases)
  func givesTheSameTokens(_ network: Case) throws {
    let goldens = try CheckpointGoldens()
    for side in network.sides {
      var options = CheckpointOptions()
      options.heads = network.heads
      options.side = side
      let loaded = try loadCheckpoint(CheckpointGoldens.path(network.file), options: options)
      #expect(loaded.description.family == network.family)
      #expect(loaded.description.branch == network.branch)
      let images = try goldens.images(side: side)
      for (key, layer) in [("tokens", nil), ("block1", 1 as Int?)] {
        let ours = tokens(loaded.encoder, images, layer: layer)
        let theirs = try goldens.expected("\(network.name)/\(side)/\(key)")
        #expect(ours.shape == theirs.shape)
        let difference = largestRelativeDifference(ours, from: theirs)
        #expect(difference < 1e-4, "\(network.name) at \(side), \(key)")
        if network.hasHead, side == 16, key == "tokens" {
          let head = try #require(loaded.head)
          let features = headInput(ours, head, prefix: loaded.encoder.prefixTokens)
          let scores = head.scores(features.data, images: features.shape[0])
          let logits = try goldens.expected("\(network.name)/16/logits")
          #expect(largestRelativeDifference(scores, from: logits) < 1e-4, "logits")
        }
      }
    }
  }

  private func tokens(_ encoder: any Encoder, _ images: Tensor, layer: Int?) -> Tensor {
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let input = graph.constant(images.shape) { $0.update(from: images.data, count: images.count) }
    let node = encoder.encode(EncoderInput(input, taps: [layer]), in: graph).sequence
    let result = Tensor(node.shape)
    result.data.update(from: node.data, count: node.count)
    return result
  }

  /// What a classifier reads of tokens `[images, tokens, width]`, in double precision.
  private func headInput(_ tokens: Tensor, _ head: ClassifierHead, prefix: Int) -> Tensor {
    let (images, count, width) = (tokens.shape[0], tokens.shape[1], tokens.shape[2])
    var rows: [Float] = []
    for image in 0..<images {
      let first = tokens.data + image * count * width
      let mean = (0..<width).map { channel in
        let sum = (prefix..<count).reduce(0.0) { $0 + Double(first[$1 * width + channel]) }
        return Float(sum / Double(count - prefix))
      }
      switch head.pooling {
      case .classToken: rows += (0..<width).map { first[$0] }
      case .mean: rows += mean
      case .classAndMean: rows += (0..<width).map { first[$0] } + mean
      case .classAndRegisters: rows += (0..<prefix * width).map { first[$0] }
      }
    }
    return Tensor([images, rows.count / images], rows)
  }

  // MARK: Choices

  @Test func picksTheOtherBranchWhenAsked() throws {
    var options = CheckpointOptions()
    options.heads = 3
    options.branch = "student"
    let reading = try CheckpointReading(CheckpointGoldens.path("dino.pth"), options: options)
    #expect(reading.description.branch == "student.module.backbone")
    #expect(reading.description.otherBranches == ["teacher.module.backbone"])
    options.branch = "techer"
    let error = #expect(throws: InputError.self) {
      try CheckpointReading(CheckpointGoldens.path("dino.pth"), options: options)
    }
    #expect(error?.problem.contains("no branch 'techer'") == true)
  }

  @Test func saysWhatItDid() throws {
    var options = CheckpointOptions()
    options.heads = 3
    options.side = 24
    let path = CheckpointGoldens.path("mae.pth")
    let description = try CheckpointReading(path, options: options).description
    #expect(description.format == "pytorch-zip")
    #expect(description.encoder == "vit-24x2/4@24")
    #expect(description.parameters == 16_584)
    #expect(description.ignored.contains("model.decoder_pred.weight"))
    #expect(description.renamed.contains { $0.from == "model.norm.bias" && $0.to == "norm.bias" })
    #expect(description.notes.contains { $0.contains("resampled from 4×4 to 6×6") })
    #expect(description.json(keys: true)["ignored"]?.array?.isEmpty == false)
    let siglip = try CheckpointReading(CheckpointGoldens.path("hf_siglip")).description
    #expect(siglip.notes.contains { $0.contains("attention pooling is not read") })
    let headless = try CheckpointReading(CheckpointGoldens.path("hf_siglip_model")).description
    #expect(headless.notes.isEmpty)
    let rotary = try CheckpointReading(
      CheckpointGoldens.path("timm_dinov3.safetensors"), options: options
    ).description
    #expect(rotary.notes.contains { $0.contains("taken as DINOv3's rotary ones") })
    #expect(rotary.notes.contains { $0.contains("for 6×6 patches where 56×56 are usual") })
  }

  @Test func readsThePreprocessing() throws {
    func words(_ file: String, side: Int? = nil) throws -> String {
      var options = CheckpointOptions()
      options.side = side
      options.heads = 3
      return try CheckpointReading(CheckpointGoldens.path(file), options: options)
        .plan.preprocessing.words
    }
    let half = ", mean 0.5 0.5 0.5, deviation 0.5 0.5 0.5"
    let imageNet = ", mean 0.485 0.456 0.406, deviation 0.229 0.224 0.225"
    #expect(
      try words("timm_vit") == "short side to 17 px (bilinear), centre 16×16" + half)
    #expect(try words("hf_vit") == "squashed to 16×16 (bilinear), whole" + half)
    #expect(
      try words("timm_dinov3_plus") == "short side to 16 px (bicubic), centre 16×16" + imageNet)
    let plus = try CheckpointReading(CheckpointGoldens.path("timm_dinov3_plus")).description
    #expect(plus.notes.contains { $0.contains("16×16") && $0.contains("says 256×256") })
    #expect(try words("hf_siglip") == "squashed to 16×16 (bicubic), whole" + half)
    // A file without settings sees the whole of a small picture.
    #expect(try words("mae.pth") == "short side to 16 px (bicubic), centre 16×16" + imageNet)
    #expect(
      try words("mae.pth", side: 224) == "short side to 256 px (bicubic), centre 224×224" + imageNet
    )
    #expect(
      try words("beit.pth", side: 384) == "short side to 384 px (bicubic), centre 384×384" + half)
    #expect(
      try words("hf_deit", side: 16) == "squashed to 18×18 (bicubic), "
        + "centre 16×16, odd margins rounded down" + imageNet)
  }

  /// transformers refuses such pictures too.
  @Test func refusesPicturesOfAnotherSide() throws {
    let error = #expect(throws: InputError.self) {
      try CheckpointReading(CheckpointGoldens.path("hf_deit"))
    }
    #expect(error?.problem == "makes pictures of 224×224, and the network reads 16×16")
    #expect(error?.subject.hasSuffix("hf_deit/preprocessor_config.json") == true)
    #expect(error?.remedy.contains("checkpoint.side=16") == true)
  }

  // MARK: Refusals

  @Test func asksForHeadsThatCannotBeKnown() throws {
    let error = #expect(throws: InputError.self) {
      try CheckpointReading(CheckpointGoldens.path("mae.pth"))
    }
    #expect(error?.remedy.contains("checkpoint.heads=N") == true)
  }

  /// Files made from the timm golden with one thing wrong.
  @Test func refusesWhatDoesNotFit() throws {
    let folder = TemporaryFolder()
    let archive = try openCheckpoint(CheckpointGoldens.path("timm_registers.safetensors"))
    func message(_ change: (String, Tensor) -> (String, Tensor)?) throws -> String {
      let tensors = try archive.names.compactMap { change($0, try archive.floats($0)) }
      let path = folder.file(UUID().uuidString + ".safetensors")
      try writeSafetensors(tensors.map { (name: $0.0, tensor: $0.1) }, to: path)
      var options = CheckpointOptions()
      options.heads = 3
      let error = #expect(throws: InputError.self) { try loadCheckpoint(path, options: options) }
      return error?.errorDescription ?? ""
    }
    #expect(
      try message { $0 == "blocks.1.norm2.weight" ? nil : ($0, $1) }
        .contains("lacks 1 of the weights"))
    #expect(
      try message { $0 == "norm.bias" ? ($0, Tensor([7])) : ($0, $1) }.contains("is [7]"))
    #expect(
      try message { name, tensor in
        if name == "norm.bias" { tensor.data[3] = .nan }
        return (name, tensor)
      }.contains("holds NaN"))
    #expect(
      try message { $0 == "patch_embed.proj.weight" ? nil : ($0, $1) }
        .contains("nearest known family"))
    #expect(
      try message { $0 == "pos_embed" ? ($0, Tensor([1, 18, 24])) : ($0, $1) }
        .contains("no square grid"))
  }

  @Test func refusesUnknownOptions() throws {
    var options = CheckpointOptions()
    options.map = "time-vit"
    let error = #expect(throws: InputError.self) {
      try CheckpointReading(CheckpointGoldens.path("mae.pth"), options: options)
    }
    #expect(error?.remedy.contains("timm-vit") == true)
    options = CheckpointOptions()
    options.heads = 3
    options.side = 18
    #expect(throws: InputError.self) {
      try CheckpointReading(CheckpointGoldens.path("mae.pth"), options: options)
    }
  }

  @Test func everyFamilyHasATest() {
    let elsewhere = [
      "unmask", "resnet", "cifar-resnet", "sequential-resnet", "hf-resnet", "cifar100-resnet",
      "jax-vit",
    ]
    let tested = Set(Self.cases.map(\.family)).union(elsewhere)
    #expect(Set(allKeyMaps.map { $0.name }).subtracting(tested).isEmpty)
  }
}

/// The goldens of `Tests/Goldens/checkpoints.py`.
struct CheckpointGoldens {
  private let allImages: TensorArchive
  private let allExpected: TensorArchive

  init() throws {
    allImages = try openCheckpoint(Self.path("images.safetensors"))
    allExpected = try openCheckpoint(Self.path("expected.safetensors"))
  }

  static func path(_ name: String) -> String {
    packageFolder + "/Tests/Goldens/checkpoints/" + name
  }

  /// Two images of a side.
  func images(side: Int) throws -> Tensor { try allImages.floats("images/\(side)") }

  func expected(_ name: String) throws -> Tensor { try allExpected.floats(name) }
}
