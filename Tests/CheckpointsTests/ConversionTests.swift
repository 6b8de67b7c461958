import Checkpoints
import Encoders
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Foreign checkpoints written as folders of ours are the same networks.
@Suite struct ConversionTests {
  let temporary = TemporaryFolder()

  @Test(arguments: [
    "timm_vit", "hf_deit", "dinov2_registers.pth", "hf_clip", "beit.pth", "beit_fine_tuned.pth",
    "hf_beit", "simmim.pth", "dinov2.pth", "resnet_basic.pth", "resnet_bottleneck.pth.tar",
  ])
  func comesBackFromTheFolder(_ file: String) throws {
    var options = CheckpointOptions()
    let isTransformer = !file.hasPrefix("resnet")
    options.heads = isTransformer ? 3 : nil
    options.side = isTransformer ? 16 : 32
    let reading = try CheckpointReading(CheckpointGoldens.path(file), options: options)
    let before = try reading.load()
    let folder = try convertCheckpoint(reading, to: temporary.file("converted"))
    let after = try loadCheckpoint(folder.path)
    #expect(after.description.family == (isTransformer ? "unmask" : "resnet"))
    #expect(after.encoder.name == before.encoder.name)
    #expect(after.preprocessing == before.preprocessing)
    #expect(after.head?.classes == before.head?.classes)
    for parameter in before.encoder.parameters.parameters {
      let read = try #require(after.encoder.parameters[parameter.name])
      #expect(memcmp(read.data, parameter.data, parameter.count * 4) == 0, "\(parameter.name)")
    }
  }

  /// A converted folder has no place for rotary positions.
  @Test(arguments: ["dinov3.pth", "timm_dinov3_plus", "hf_dinov3"])
  func refusesRotaryPositions(_ file: String) throws {
    var options = CheckpointOptions()
    options.side = 16
    let reading = try CheckpointReading(CheckpointGoldens.path(file), options: options)
    let path = temporary.file("rotary")
    let error = #expect(throws: InputError.self) { try convertCheckpoint(reading, to: path) }
    #expect(error?.problem.contains("rotary positions") == true)
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  /// timm has no classifier that reads two tokens: the encoder is converted without it.
  @Test func leavesOutClassifiersThatTimmLacks() throws {
    let reading = try CheckpointReading(CheckpointGoldens.path("hf_deit_distilled"))
    #expect(try reading.load().head?.pooling == .classAndRegisters)
    let folder = try convertCheckpoint(reading, to: temporary.file("distilled"))
    let loaded = try loadCheckpoint(folder.path)
    #expect(loaded.head == nil)
    #expect(loaded.description.ignored.isEmpty)
  }
}
