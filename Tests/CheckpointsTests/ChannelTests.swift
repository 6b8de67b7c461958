import Checkpoints
import Encoders
import Support
import Tensors
import TestSupport
import Testing
import Vision

/// A network of one channel sees the luminance.
@Suite struct ChannelTests {
  @Test func givesTheSameTokens() throws {
    let goldens = try CheckpointGoldens()
    let loaded = try loadCheckpoint(CheckpointGoldens.path("grey"))
    #expect(loaded.encoder.channels == 1)
    #expect(loaded.description.notes.contains { $0.contains("L = 0.299 R + 0.587 G + 0.114 B") })
    #expect(loaded.preprocessing.statistics.mean == [0.5, 0.5, 0.5])
    let images = try goldens.images(side: 16)
    let graph = Graph(workspace: Workspace(), precision: .fp32)
    let input = graph.constant([2, 1, 16, 16]) { target in
      for image in 0..<2 {
        (target + image * 256).update(from: images.data + image * 768, count: 256)
      }
    }
    let node = loaded.encoder.encode(EncoderInput(input), in: graph).sequence
    let tokens = Tensor(node.shape)
    tokens.data.update(from: node.data, count: node.count)
    let theirs = try goldens.expected("grey/16/tokens")
    #expect(largestRelativeDifference(tokens, from: theirs) < 1e-4)
  }

  @Test func convertsIt() throws {
    let folder = TemporaryFolder()
    let reading = try CheckpointReading(CheckpointGoldens.path("grey"))
    _ = try convertCheckpoint(reading, to: folder.file("converted"))
    let again = try loadCheckpoint(folder.file("converted"))
    #expect(again.encoder.channels == 1)
    #expect(again.preprocessing == reading.plan.preprocessing)
  }
}
