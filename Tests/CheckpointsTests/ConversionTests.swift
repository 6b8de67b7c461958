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
    "timm_vit", "hf_deit", "dinov2_registers.pth", "hf_clip", "beit.pth", "dinov2.pth",
  ])
  func comesBackFromTheFolder(_ file: String) throws {
    var options = CheckpointOptions()
    options.heads = 3
    options.side = 16
    let reading = try CheckpointReading(CheckpointGoldens.path(file), options: options)
    let before = try reading.load()
    let folder = try convertCheckpoint(reading, to: temporary.file("converted"))
    let after = try loadCheckpoint(folder.path)
    #expect(after.description.family == "unmask")
    #expect(after.encoder.name == before.encoder.name)
    #expect(after.preprocessing == before.preprocessing)
    #expect(after.head?.classes == before.head?.classes)
    for parameter in before.encoder.parameters.parameters {
      let read = try #require(after.encoder.parameters[parameter.name])
      #expect(memcmp(read.data, parameter.data, parameter.count * 4) == 0, "\(parameter.name)")
    }
  }
}
