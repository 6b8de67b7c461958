import Foundation
import Support

/// CIFAR's layouts: binary records, and the pickled batches that torchvision downloads.
enum CIFARBatches {
  static let side = 32
  static let samples = 3 * side * side

  /// Records of one or more label bytes and 3,072 samples.
  ///
  /// `labels` says how many label bytes there are, and which of them counts.
  /// - Throws: `InputError` that names the file and the record.
  static func binary(
    _ path: String, labels: (count: Int, used: Int), classes: Int, _ hash: inout SHA256
  ) throws -> PackedSplit {
    let recordSize = labels.count + samples
    let file = try MappedFile(path)
    let count = file.count / recordSize
    guard count > 0, file.count == count * recordSize else {
      throw InputError(
        path, "\(file.count) bytes are not a whole number of records of \(recordSize) bytes",
        "the file is incomplete or of another kind; fetch it again")
    }
    let found = withExtendedLifetime(file) {
      (0..<count).map { unsafe Int(file.bytes[$0 * recordSize + labels.used]) }
    }
    try check(found, below: classes, path)
    hash.update("\(count) records\n")
    withExtendedLifetime(file) { unsafe hash.update(file.bytes) }
    let part = PackedImages(
      name: path.fileName, store: file, offset: labels.count, stride: recordSize, count: count,
      width: side, height: side, layout: .planar)
    return PackedSplit(parts: [part], classes: found.map { Int32($0) })
  }

  /// A pickled dictionary of `data`, uint8 of shape [n, 3072], and the list `key` of labels.
  /// - Throws: `InputError` when the pickle is no such thing.
  static func pickled(_ path: String, labels key: String, classes: Int, _ hash: inout SHA256) throws
    -> PackedSplit
  {
    let file = try MappedFile(path)
    let batch = try PickledDictionary(file)
    guard let array = batch.array("data"), array.type == .uint8,
      array.shape.count == 2, array.shape[1] == samples, array.strides == nil, array.offset == 0
    else {
      throw InputError(
        path, "holds no 'data' of uint8 and shape [n, \(samples)]",
        "the file is of another kind; fetch it again")
    }
    guard let found = batch.integers(key), found.count == array.shape[0], found.count > 0 else {
      throw InputError(
        path, "holds no '\(key)' with a label for each of \(array.shape[0]) pictures",
        "the file is of another kind; fetch it again")
    }
    try check(found, below: classes, path)
    let (store, offset) = try batch.bytes(of: array, count: array.shape[0] * samples)
    hash.update("\(found.count) pickled \(found)\n")
    withExtendedLifetime(store) {
      unsafe hash.update(
        UnsafeRawBufferPointer(
          rebasing: store.bytes[offset..<offset + array.shape[0] * samples]))
    }
    let part = PackedImages(
      name: path.fileName, store: store, offset: offset, stride: samples, count: found.count,
      width: side, height: side, layout: .planar)
    return PackedSplit(parts: [part], classes: found.map { Int32($0) })
  }

  /// The names of classes in a pickled dictionary.
  static func names(_ path: String, _ key: String, count: Int) throws -> [String] {
    let names = try PickledDictionary(MappedFile(path)).strings(key) ?? []
    return try checked(names, count, path)
  }

  /// The names of classes in a text, one a line.
  static func names(text path: String, count: Int) throws -> [String] {
    let file = try MappedFile(path)
    let text = withExtendedLifetime(file) {
      unsafe String(decoding: file.bytes.prefix(1 << 16), as: UTF8.self)
    }
    let lines = text.split(whereSeparator: { $0.isNewline })
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    return try checked(lines, count, path)
  }

  private static func checked(_ names: [String], _ count: Int, _ path: String) throws -> [String] {
    guard names.count == count, Set(names).count == count else {
      throw InputError(
        path, "\(Set(names).count) different class names where \(count) are needed",
        "restore the file, or remove it for the usual names")
    }
    return names
  }

  private static func check(_ labels: [Int], below classes: Int, _ path: String) throws {
    guard let record = labels.firstIndex(where: { !(0..<classes).contains($0) }) else { return }
    throw InputError(
      path, "record \(record) has label \(labels[record]), outside 0…\(classes - 1)",
      "the file is damaged or of another kind; fetch it again")
  }
}

/// A pickled dictionary with keys of text, of which nothing is executed.
private struct PickledDictionary {
  let file: MappedFile
  private let graph: PickleGraph
  private var values: [String: PickleReference] = [:]

  init(_ file: MappedFile) throws {
    self.file = file
    let (graph, root, _) = try unsafe PickleMachine.read(file.bytes, subject: file.path)
    self.graph = graph
    guard case .dictionary(let items) = graph[root] else {
      throw InputError(file.path, "is no pickled dictionary", "fetch the file again")
    }
    for place in stride(from: 0, to: items.count - 1, by: 2) {
      guard let key = graph.string(items[place]) else { continue }
      values[key] = items[place + 1]
    }
  }

  func array(_ key: String) -> PickledTensor? {
    guard let value = values[key], case .tensor(let index) = graph[value] else { return nil }
    return graph.tensors[index]
  }

  func integers(_ key: String) -> [Int]? {
    guard let value = values[key], let elements = graph.sequence(value) else { return nil }
    let numbers = elements.compactMap { graph.integer($0) }
    return numbers.count == elements.count ? numbers : nil
  }

  func strings(_ key: String) -> [String]? {
    values[key].flatMap { graph.sequence($0) }?.compactMap { graph.string($0) }
  }

  /// Where an array's bytes lie: in the file, or in a copy where they were written as text.
  func bytes(of array: PickledTensor, count: Int) throws -> (any HeldBytes, Int) {
    switch array.source {
    case .bytes(let start, let length) where length == count: return (file, start)
    case .blob(let index) where graph.blobs[index].count == count:
      return (OwnedBytes(graph.blobs[index]), 0)
    default:
      throw InputError(
        file.path, "its array does not hold \(count) bytes", "fetch the file again")
    }
  }
}

extension PackedSplit {
  /// The pictures of several splits, one after the other.
  static func joined(_ splits: [PackedSplit]) -> PackedSplit {
    PackedSplit(parts: splits.flatMap { $0.parts }, classes: splits.flatMap { $0.classes })
  }
}
