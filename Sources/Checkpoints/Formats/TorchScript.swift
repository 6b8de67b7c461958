import Foundation
import Support

/// TorchScript's archive (`torch.jit.save`), such as OpenAI's `ViT-B-32.pt`.
///
/// A zip file like PyTorch's, with code beside the weights. The code is not looked at; weights that `torch.jit.freeze` moved into it are not found.
enum TorchScript: CheckpointFormat {
  static let name = "torchscript"
  static let summary = "TorchScript archives (.pt)"

  static func recognizes(_ source: CheckpointSource) -> Bool {
    guard source.starts(with: zipSignature), !NumPyArchive.recognizes(source),
      let file = source.file, let archive = try? ZipArchive(file)
    else { return false }
    return archive.entries.contains { entry in
      entry.name == "constants.pkl"
        || entry.name.hasSuffix("/constants.pkl") && !entry.name.dropLast(14).contains("/")
    }
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    try PyTorchZip.open(source, format: name)
  }
}
