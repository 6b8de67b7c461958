import Support
import Tensors

/// What is known about a tensor before it is read.
package struct TensorEntry: Sendable, Equatable {
  /// Extents, outermost first.
  package let shape: [Int]
  package let type: StoredType
  /// Number of elements.
  package var count: Int { shape.reduce(1, *) }
}

/// The named tensors of a checkpoint file, read when they are asked for, and what else it says.
///
/// Tensors of nested dictionaries are named by their path, `state_dict.module.conv1.weight`;
/// everything that is no tensor is in `metadata`, under the same nesting.
package struct TensorArchive: Sendable {
  /// The file or folder, for messages.
  package let source: String
  /// Which format it is, by the name of its `CheckpointFormat`.
  package let format: String
  /// All names, in the order of the file.
  package let names: [String]
  /// Settings, arguments, counters and the like; an object.
  package let metadata: JSON
  /// Tensors whose elements cannot be read (complex, 8-bit floats, quantised, sparse), and their type.
  package let oddTensors: [(name: String, type: String)]
  /// Classes and functions of a pickle of which nothing is known; their data is kept, nothing is called.
  package let opaqueNames: [String]
  /// Bytes of the files that hold the tensors.
  let fileBytes: Int
  /// All that stands between the dots of the names.
  let nameParts: Set<String>
  private let tensors: [String: StoredTensor]

  /// An archive of tensors in order; of a name given twice the last counts.
  init(
    source: String, format: String, tensors: [(name: String, tensor: StoredTensor)],
    metadata: JSON = .object([:]), oddTensors: [(name: String, type: String)] = [],
    opaqueNames: [String] = [], fileBytes: Int
  ) {
    self.oddTensors = oddTensors
    self.opaqueNames = opaqueNames
    self.fileBytes = fileBytes
    self.source = source
    self.format = format
    self.metadata = metadata
    self.tensors = Dictionary(tensors.map { ($0.name, $0.tensor) }) { _, last in last }
    var seen: Set<String> = []
    names = tensors.map(\.name).filter { seen.insert($0).inserted }
    nameParts = names.reduce(into: []) { parts, name in
      for part in name.split(separator: ".") { parts.insert(String(part)) }
    }
  }

  /// What to add to the message about a missing weight: that some cannot be read; else nothing.
  var oddTensorsText: String {
    guard let first = oddTensors.first else { return "" }
    let others = oddTensors.count > 1 ? " and \(oddTensors.count - 1) more are" : " is"
    return "; '\(first.name.prefix(200))'\(others) of a type that cannot be read (\(first.type))"
  }

  /// Shape and type of a tensor; nil when there is none of that name.
  package func entry(_ name: String) -> TensorEntry? {
    tensors[name].map { TensorEntry(shape: $0.shape, type: $0.type) }
  }

  /// The tensor `name` in 32-bit floats.
  /// - Throws: `InputError` if it is absent or its bytes are damaged.
  package func floats(_ name: String) throws -> Tensor {
    let stored = try stored(name)
    let tensor = Tensor(stored.shape)
    try unsafe stored.read(into: tensor.data)
    return tensor
  }

  /// Writes the tensor `name` in 32-bit floats to memory that has room for `count`.
  /// - Throws: `InputError` if it is absent, has another number of elements, or its bytes are damaged.
  package func read(_ name: String, into target: UnsafeMutablePointer<Float>, count: Int) throws {
    try unsafe stored(name, count: count).read(into: target)
  }

  /// Calls `body` with the elements of the tensor `name` in 32-bit floats.
  /// - Throws: `InputError` if it is absent, has not `count` elements, or its bytes are damaged; what `body` throws.
  func withFloats<Result>(
    _ name: String, count: Int, _ body: (UnsafePointer<Float>) throws -> Result
  ) throws -> Result {
    let tensor = Tensor([count])
    try unsafe read(name, into: tensor.data, count: count)
    return try withExtendedLifetime(tensor) { try unsafe body(tensor.data) }
  }

  private func stored(_ name: String, count: Int) throws -> StoredTensor {
    let stored = try stored(name)
    guard stored.count == count else {
      throw InputError(source, "'\(name)' is \(stored.shape), and \(count) elements are needed")
    }
    return stored
  }

  private func stored(_ name: String) throws -> StoredTensor {
    guard let stored = tensors[name] else {
      throw InputError(
        source, "has no tensor '\(name)'", suggestion(for: name, among: names))
    }
    return stored
  }

  /// The same tensors with other metadata, source or format, or with others in their place.
  func with(
    metadata: JSON? = nil, source: String? = nil, format: String? = nil,
    tensors: [(name: String, tensor: StoredTensor)]? = nil
  ) -> TensorArchive {
    TensorArchive(
      source: source ?? self.source, format: format ?? self.format, tensors: tensors ?? stored(),
      metadata: metadata ?? self.metadata, oddTensors: oddTensors, opaqueNames: opaqueNames,
      fileBytes: fileBytes)
  }

  /// All tensors with their names, in order.
  func stored() -> [(name: String, tensor: StoredTensor)] {
    names.compactMap { name in tensors[name].map { (name, $0) } }
  }
}
