import Foundation
import Support

/// PyTorch's format before 1.6, see `LegacyTorchStream`.
enum PyTorchLegacy: CheckpointFormat {
  static let name = "pytorch-legacy"
  static let summary = "legacy PyTorch (.th, .pth.tar)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    unsafe PlainPickle.isPickle(source) && LegacyTorchStream.recognizes(source.bytes)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    let stream = try unsafe LegacyTorchStream(file.bytes, subject: file.path)
    let pickled = PickledArchive(
      graph: stream.graph, root: stream.root, isBigEndian: stream.isBigEndian, file: file,
      format: name)
    return try pickled.archive {
      MappedStorage(file: file, range: try stream.place(of: $0))
    }
  }
}
