import Foundation

/// The place of a value in a `PickleGraph`.
package typealias PickleReference = Int32

/// One value of a pickle, as data; containers refer to their elements by place, so that neither
/// building nor freeing a deep structure recurses.
package enum PickleNode {
  case none
  case bool(Bool)
  case integer(Int)
  /// An integer beyond 64 bits: its little-endian bytes in the stream.
  case long(start: Int, count: Int)
  case float(Double)
  case string(String)
  /// Bytes of the stream.
  case bytes(start: Int, count: Int)
  /// Bytes that were decoded: an index into `PickleGraph.blobs`.
  case blob(Int)
  /// List, tuple or set.
  case sequence([PickleReference])
  /// Keys and values in turn.
  case dictionary([PickleReference])
  /// A class or function by its name.
  case global(PickleGlobal)
  /// An instance: an index into `PickleGraph.instances`.
  case instance(Int)
  /// An index into `PickleGraph.storages`.
  case storage(Int)
  /// An index into `PickleGraph.tensors`.
  case tensor(Int)
  /// A tensor whose elements cannot be read, by its type or kind.
  case oddTensor(String)
  case elementType(StoredType, isBigEndian: Bool)
}

/// An object of which only the data is kept.
package struct PickleInstance {
  /// Module and name of the class.
  package let type: String
  /// What the constructor was given.
  package var arguments: PickleReference
  /// Keys and values in turn, when the class is a dictionary too.
  package var items: [PickleReference] = []
  /// Elements, when the class is a list or set too.
  package var elements: [PickleReference] = []
  /// The state that `BUILD` sets; often a dictionary of attributes.
  package var state: PickleReference?
}

/// A storage that a persistent identifier names.
package struct PickledStorage {
  /// The type of elements; nil for untyped bytes, and for types that cannot be read.
  package let type: StoredType?
  /// The class, such as `torch.FloatStorage`.
  let className: String
  /// Bytes of an element.
  package let width: Int
  /// The name of the file that holds it.
  package let key: String
  /// Number of elements.
  package let count: Int
  /// A view of a larger storage (legacy files): where it begins, in elements.
  package var viewOffset = 0
}

/// A tensor or array that a pickle describes.
package struct PickledTensor {
  /// Where the elements are.
  package enum Source {
    case storage(Int)
    case bytes(start: Int, count: Int)
    case blob(Int)
    /// Part of a blob.
    case part(of: Int, Range<Int>)
  }

  package let source: Source
  package let type: StoredType
  package let shape: [Int]
  /// Row-major when nil.
  package let strides: [Int]?
  /// The first element, in elements.
  package let offset: Int
  /// Byte order of an array that is not a torch storage.
  package let isBigEndian: Bool
}

/// Everything that a pickle describes.
@safe package struct PickleGraph {
  /// The stream that byte ranges refer to.
  package let stream: UnsafeRawBufferPointer
  package var nodes: [PickleNode] = [.none]
  /// How deep the containers below a node are nested, as known when it was last changed.
  var depths: [UInt16] = [0]
  package var instances: [PickleInstance] = []
  package var storages: [PickledStorage] = []
  package var tensors: [PickledTensor] = []
  package var blobs: [Data] = []
  /// Storages that lie in the stream itself (`pickle.dump` of tensors), by their place in `storages`.
  var embedded: [Int: PickledTensor.Source] = [:]
  /// The classes and functions of which nothing is known, each once.
  package internal(set) var opaqueNames: [String] = []

  /// The value at `reference`.
  package subscript(reference: PickleReference) -> PickleNode { nodes[Int(reference)] }

  /// The integer at `reference`; nil when it is something else.
  package func integer(_ reference: PickleReference) -> Int? {
    switch self[reference] {
    case .integer(let value): value
    case .bool(let value): value ? 1 : 0
    default: nil
    }
  }

  /// The text at `reference`, also when it was pickled as bytes (Python 2).
  package func string(_ reference: PickleReference) -> String? {
    switch self[reference] {
    case .string(let text): text
    case .bytes, .blob: data(reference).map { String(decoding: $0, as: UTF8.self) }
    default: nil
    }
  }

  /// The elements of a list, tuple or set.
  package func sequence(_ reference: PickleReference) -> [PickleReference]? {
    guard case .sequence(let elements) = self[reference] else { return nil }
    return elements
  }

  /// The integers of a list or tuple; nil when an element is something else.
  package func integers(_ reference: PickleReference) -> [Int]? {
    guard let elements = sequence(reference), elements.count <= 64 else { return nil }
    let values = elements.compactMap { integer($0) }
    return values.count == elements.count ? values : nil
  }

  /// The bytes at `reference`; nil when it is something else.
  package func data(_ reference: PickleReference) -> Data? {
    switch self[reference] {
    case .bytes(let start, let count): unsafe Data(stream[start..<start + count])
    case .blob(let index): blobs[index]
    default: nil
    }
  }
}
