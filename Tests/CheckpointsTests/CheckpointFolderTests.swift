import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

@Suite struct CheckpointFolderTests {
  let temporary = TemporaryFolder()

  /// What is written comes back by both ways of reading, with the same weights.
  @Test func comesBackAsItWas() throws {
    let name = "vit-tiny/16@32"
    let encoder = try VisionTransformer(named: name)
    encoder.initialize(seed: 3)
    let folder = CheckpointFolder(temporary.file("mae"))
    let preprocessing = Preprocessing(side: 32, cropRatio: 1, statistics: .half)
    try folder.write(encoder, preprocessing: preprocessing, training: ["epochs": 3])
    let loaded = try loadCheckpoint(folder.path)
    #expect(loaded.description.family == "unmask")
    #expect(loaded.description.ignored.isEmpty)
    #expect(loaded.preprocessing == preprocessing)
    #expect(loaded.encoder.name == name)
    for parameter in encoder.parameters.parameters {
      let read = try #require(loaded.encoder.parameters[parameter.name])
      let same = memcmp(read.data, parameter.data, parameter.count * 4) == 0
      #expect(same, "\(parameter.name)")
    }
    #expect(try folder.training()?["epochs"]?.int == 3)
    #expect(try checkpointHash(folder.path) == SHA256.hex(ofFile: folder.modelPath))
  }

  @Test func resamplesToAnotherSide() throws {
    let name = "vit-tiny/16@32"
    let encoder = try VisionTransformer(named: name)
    encoder.initialize(seed: 3)
    let folder = CheckpointFolder(temporary.file("other"))
    try folder.write(encoder, preprocessing: Preprocessing(side: 32))
    var options = CheckpointOptions()
    options.side = 64
    let loaded = try loadCheckpoint(folder.path, options: options)
    #expect(loaded.encoder.side == 64)
    #expect(loaded.encoder.name == "vit-tiny/16@64")
    #expect(loaded.preprocessing.side == 64)
  }

  @Test(arguments: [nil, RotaryPositions(base: 100, headWidth: 12)])
  func everyFieldOfAConfigurationComesBack(rotary: RotaryPositions?) throws {
    var configuration = VisionTransformerConfiguration(
      width: 24, depth: 2, heads: 2, patch: 4, side: 16)
    configuration.rotary = rotary
    configuration.mlp = .swiGLU
    let json = configuration.json
    #expect((json["rotary_periods"] == nil) == (rotary == nil))
    let fields = try Fields(json: json, file: "config.json")
    #expect(try VisionTransformerConfiguration(fields) == configuration)
  }

  @Test func refusesAConfigurationThatDoesNotFit() throws {
    let name = "vit-tiny/16@32"
    let encoder = try VisionTransformer(named: name)
    let folder = CheckpointFolder(temporary.file("bad"))
    try folder.write(encoder, preprocessing: Preprocessing(side: 32))
    let text = try String(contentsOfFile: folder.configPath, encoding: .utf8)
      .replacingOccurrences(of: "\"depth\": 12", with: "\"depth\": 11")
    try text.write(toFile: folder.configPath, atomically: true, encoding: .utf8)
    #expect(throws: InputError.self) { try loadCheckpoint(folder.path) }
  }
}
