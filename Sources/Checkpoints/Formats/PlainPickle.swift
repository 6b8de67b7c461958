import Foundation
import Support

/// A pickle as `pickle.dump` writes it: NumPy arrays (Detectron2's `.pkl`) and tensors, each with its own bytes.
enum PlainPickle: CheckpointFormat {
  static let name = "pickle"
  static let summary = "plain pickles (.pkl)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    unsafe isPickle(source) && !LegacyTorchStream.recognizes(source.bytes)
  }

  /// Whether a file begins as a pickle of protocol 2 or later.
  static func isPickle(_ source: CheckpointSource) -> Bool {
    // The length of a safetensors header may begin with the same two bytes.
    unsafe source.bytes.count >= 2 && source.bytes[0] == 0x80 && source.bytes[1] <= 5
      && !Safetensors.recognizes(source)
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    let (graph, root, _) = try unsafe PickleMachine.read(file.bytes, subject: file.path)
    let pickled = PickledArchive(
      graph: graph, root: root, isBigEndian: false, file: file, format: name)
    return try pickled.archive { _ in
      throw InputError(
        file.path, "is a plain pickle that refers to storages outside it",
        "save it by torch.save or safetensors")
    }
  }
}
