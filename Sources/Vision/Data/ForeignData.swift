import Support

/// A container of data that people have and that is not read: what it is, and how to convert it.
struct ForeignData {
  private let place: String
  private let what: String
  private let remedy: String

  /// Whether it is a file that is packed as a whole, so that it may hold anything.
  var isPacked: Bool { Self.packed.contains { place.lowercased().hasSuffix($0.0) } }

  /// Looks at a file, or at the files in a folder; nil when there is nothing known.
  init?(_ path: String) { self.init(path, depth: 1) }

  private init?(_ path: String, depth: Int) {
    if isFile(path) {
      guard let known = Self.known(path) else { return nil }
      (place, what, remedy) = (path, known.what, known.remedy)
      return
    }
    for entry in (try? listFolder(path)) ?? [] {
      // Hugging Face puts Parquet files into data/.
      let inner = path + "/" + entry.name
      if depth > 0, entry.name == "data", entry.isFolder,
        let found = ForeignData(inner, depth: depth - 1)
      {
        self = found
        return
      }
      guard !entry.isFolder, let known = Self.known(inner) else { continue }
      (place, what, remedy) = (inner, known.what, known.remedy)
      return
    }
    return nil
  }

  /// The line that says so.
  func error(_ subject: String) -> InputError {
    InputError(
      subject, "\(FileNameText.visible(place)) is \(what), which is not read", remedy)
  }

  private static let hub =
    "write its pictures to files: for i, row in enumerate(datasets.load_dataset(…)): "
    + "row['image'].save(f'train/{row['label']}/{i}.png'), and use folder:"

  private static func known(_ path: String) -> (what: String, remedy: String)? {
    let name = path.fileName.lowercased()
    if name == "data.mdb" {
      return ("an LMDB database", "export its pictures to files, and use folder:")
    }
    if name.contains(".tfrecord") {
      return ("a TFRecord file", "export its pictures to files, and use folder:")
    }
    guard let file = try? MappedFile(path) else { return nil }
    let start = withExtendedLifetime(file) { unsafe [UInt8](file.bytes.prefix(imageFormatPrefix)) }
    if let (_, what, remedy) = signatures.first(where: { start.starts(with: $0.0) }) {
      return (what, remedy)
    }
    // Checkpoints are packed too, so the ending must say that it is an archive.
    let known = (archives + packed).first { name.hasSuffix($0.0) }
    guard let (_, what) = known else { return nil }
    return (what, "unpack it, and name what it holds")
  }

  private static let archives = [
    (".zip", "a zip archive"), (".7z", "a 7z archive"), (".rar", "a RAR archive"),
  ]

  private static let packed = [
    (".gz", "gzipped"), (".tgz", "gzipped"), (".bz2", "packed by bzip2"), (".xz", "packed by xz"),
    (".zst", "packed by zstd"),
  ]

  private static let signatures: [([UInt8], String, String)] = [
    (Array("PAR1".utf8), "a Parquet file (Hugging Face)", hub),
    (Array("ARROW1".utf8), "an Arrow file (Hugging Face)", hub),
    ([0xff, 0xff, 0xff, 0xff], "an Arrow stream (Hugging Face)", hub),
    (
      [0x89] + Array("HDF".utf8), "an HDF5 file",
      "save its arrays: numpy.save('x_train.npy', h5py.File(…)['x'][:]), and use npy:"
    ),
    (
      Array("MATLAB 5.0".utf8), "a MATLAB file (SVHN)",
      "save its arrays: numpy.save('x_train.npy', scipy.io.loadmat(…)['X'].transpose(3, 0, 1, 2)) "
        + "and its labels modulo 10, and use npy:"
    ),
  ]
}
