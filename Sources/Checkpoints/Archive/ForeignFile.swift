import Foundation
import Support

/// What a file is that is no checkpoint of a known format, and what to do about it.
enum ForeignFile {
  /// What to do with weights of another framework.
  static let conversion =
    "load it with the library that wrote it and save the weights with safetensors"
  private static let unpacking = "unpack it and give the file inside"

  /// How a format is known, and what is said of it.
  private struct Kind {
    /// Bytes at `offset`.
    let magic: [UInt8]
    var offset = 0
    let problem: String
    let remedy: String

    init(_ magic: [UInt8], at offset: Int = 0, _ problem: String, _ remedy: String) {
      (self.magic, self.offset, self.problem, self.remedy) = (magic, offset, problem, remedy)
    }

    init(_ magic: String, at offset: Int = 0, _ problem: String, _ remedy: String) {
      self.init(Array(magic.utf8), at: offset, problem, remedy)
    }
  }

  private static let image = "give a checkpoint; pictures go to --data"
  private static let oldPickle = "is a pickle of protocol 0 or 1, and only 2 to 5 are read"
  private static let pickling =
    "load it in Python and write it again: torch.save(…), or pickle.dump(…, protocol=2)"

  private static let kinds: [Kind] = [
    Kind(
      "version https://git-lfs.github.com/spec/", "is a Git LFS pointer, not the file itself",
      "fetch the file: git lfs pull, or download it from the web page of the repository"),
    Kind(
      [0x1f, 0x8b], "is compressed with gzip", "unpack it: gunzip FILE, or tar xf FILE for .tar.gz"),
    Kind("BZh", "is compressed with bzip2", "unpack it: bunzip2 FILE, or tar xf FILE for .tar.bz2"),
    Kind(
      [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], "is compressed with xz",
      "unpack it: unxz FILE, or tar xf FILE"),
    Kind([0x28, 0xb5, 0x2f, 0xfd], "is compressed with zstd", "unpack it: unzstd FILE"),
    Kind([0x04, 0x22, 0x4d, 0x18], "is compressed with lz4", "unpack it: unlz4 FILE"),
    Kind([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "is a 7-Zip archive", unpacking),
    Kind("Rar!", "is a RAR archive", unpacking),
    Kind("ustar", at: 257, "is a tar archive", "unpack it: tar xf FILE; then give the file inside"),
    Kind(
      [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a],
      "is an HDF5 file (Keras, TensorFlow), which cannot be read", conversion),
    // What dictionaries, lists, classes and torch.save's number begin with.
    Kind("(dp0\n", oldPickle, pickling), Kind("(lp0\n", oldPickle, pickling),
    Kind([0x7d, 0x71, 0], oldPickle, pickling), Kind([0x5d, 0x71, 0], oldPickle, pickling),
    Kind("ccollections\n", oldPickle, pickling), Kind("cnumpy", oldPickle, pickling),
    Kind("ctorch", oldPickle, pickling), Kind("L119547037146038801333356L\n", oldPickle, pickling),
    Kind("GGUF", "is a GGUF file (llama.cpp), which cannot be read", conversion),
    Kind("lmgg", "is a GGML file (llama.cpp), which cannot be read", conversion),
    Kind("TFL3", at: 4, "is a TensorFlow Lite model, which cannot be read", conversion),
    Kind("PAR1", "is a Parquet file, so a table and no checkpoint", "give a checkpoint"),
    Kind("ARROW1", "is an Arrow file, so a table and no checkpoint", "give a checkpoint"),
    Kind("SQLite format 3", "is an SQLite data base", "give a checkpoint"),
    Kind("%PDF-", "is a PDF document", "give a checkpoint"),
    Kind([0x7f, 0x45, 0x4c, 0x46], "is a program or library", "give a checkpoint"),
    Kind([0x89, 0x50, 0x4e, 0x47], "is a picture (PNG)", image),
    Kind([0xff, 0xd8, 0xff], "is a picture (JPEG)", image),
    Kind("GIF8", "is a picture (GIF)", image),
    Kind("WEBP", at: 8, "is a picture (WebP)", image),
    Kind("BM", "is a picture (BMP)", image),
    Kind([0x49, 0x49, 0x2a, 0], "is a picture (TIFF)", image),
    Kind([0x4d, 0x4d, 0, 0x2a], "is a picture (TIFF)", image),
  ]

  /// Formats that are known by their ending, because they begin like anything.
  private static let endings: [String: (problem: String, remedy: String)] = [
    "onnx": ("is an ONNX model, which cannot be read", conversion),
    "msgpack": ("is a file of Flax (msgpack), which cannot be read", conversion),
    "h5": ("is a Keras or TensorFlow file, which cannot be read", conversion),
    "keras": ("is a Keras model, which cannot be read", conversion),
    "pb": ("is a TensorFlow graph, which cannot be read", conversion),
    "tflite": ("is a TensorFlow Lite model, which cannot be read", conversion),
    "mlmodel": ("is a Core ML model, which cannot be read", conversion),
    "engine": ("is a TensorRT engine, which cannot be read", conversion),
    "distcp": (
      "is a part of a distributed checkpoint",
      "give its folder, or make one file of it: \(mergeDistributed)"
    ),
    "index": ("is the index of a TensorFlow checkpoint, which cannot be read", conversion),
    "pdparams": ("is a file of PaddlePaddle, which cannot be read", conversion),
    "params": ("is a file of MXNet, which cannot be read", conversion),
    "caffemodel": ("is a Caffe model, which cannot be read", conversion),
  ]

  /// How PyTorch makes one file of a distributed checkpoint.
  static let mergeDistributed =
    "python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pth"

  /// What is said of a file that no format recognises.
  /// - Parameters:
  ///   - file: the file.
  ///   - known: the formats that are known, in words.
  /// - Returns: the line.
  static func refusal(_ file: MappedFile, known: String) -> InputError {
    let bytes = unsafe file.bytes
    guard bytes.count > 0 else {
      return InputError(file.path, "ends after 0 bytes: the file is empty", "fetch the file again")
    }
    if let refusal = refusal(of: file) { return refusal }
    if let (problem, remedy) = endings[file.path.fileEnding.lowercased()] {
      return InputError(file.path, problem, remedy)
    }
    guard bytes.count >= 16 else {
      return InputError(file.path, "ends after \(bytes.count) bytes", "fetch the file again")
    }
    let kind = unsafe isText(bytes) ? "a text file, of" : "of"
    return InputError(file.path, "is \(kind) no known checkpoint format", "known: \(known)")
  }

  /// What is said of a file that begins as those of another format do; nil for others.
  static func refusal(of file: MappedFile) -> InputError? {
    let bytes = unsafe file.bytes
    let found = kinds.first { kind in
      unsafe bytes.count >= kind.offset + kind.magic.count
        && bytes[kind.offset...].starts(with: kind.magic)
    }
    return unsafe found.map { InputError(file.path, $0.problem, $0.remedy) }
      ?? page(
        bytes, file.path)
  }

  /// A page or message of a server that was saved under the name of the weights.
  private static func page(_ bytes: UnsafeRawBufferPointer, _ path: String) -> InputError? {
    let start = unsafe String(decoding: bytes.prefix(512), as: UTF8.self).lowercased()
      .drop { $0.isWhitespace || $0 == "\u{feff}" }
    let isPage = ["<!doctype html", "<html", "<head", "<body"].contains { start.hasPrefix($0) }
    if isPage || start.hasPrefix("<?xml") {
      return InputError(
        path, isPage ? "is a web page, not the weights" : "is an XML text, not the weights",
        "download the file itself; the page may ask to sign in or to confirm")
    }
    guard start.hasPrefix("{") || start.hasPrefix("[") else { return nil }
    return InputError(
      path, "is a JSON text, not the weights", "give the folder that holds it, or the weights")
  }

  /// Whether a file begins with text: no control characters but those of lines.
  private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let start = unsafe bytes.prefix(512)
    return unsafe start.allSatisfy { $0 >= 0x20 && $0 != 0x7f || [9, 10, 13].contains($0) }
  }
}
