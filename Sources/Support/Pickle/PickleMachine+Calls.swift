import Foundation

/// What calls of allowed classes and functions become.
extension PickleMachine {
  /// `callable(*arguments)`.
  mutating func apply(_ callable: PickleReference, to arguments: PickleReference) throws {
    let name: String
    switch graph[callable] {
    case .global(let global):
      guard let values = graph.sequence(arguments) else {
        throw InputError(subject, "its pickle calls '\(global.name)' without arguments")
      }
      return stack.append(try result(of: global, values, arguments, level: 0))
    // What another call gave: a method, a class made on the spot.
    case .instance(let index): name = graph.instances[index].type
    default:
      throw InputError(subject, "its pickle calls something that is no known class or function")
    }
    stack.append(try instance(of: name, arguments))
  }

  private mutating func result(
    of global: PickleGlobal, _ values: [PickleReference], _ arguments: PickleReference, level: Int
  ) throws -> PickleReference {
    switch global.rule {
    case .dictionary:
      return try dictionary(values) ?? instance(of: global.name, arguments)
    case .sequence: return try sequence(values) ?? instance(of: global.name, arguments)
    case .opaque: return try instance(of: global.name, arguments)
    case .tensor: return try add(try tensor(values, function: global.name))
    case .oddTensor:
      return try add(.oddTensor(String(global.name.dropFirst("torch._utils._rebuild_".count))))
    case .first:
      guard let first = values.first else { throw malformed(global.name) }
      return first
    case .typedTensor:
      guard level == 0, values.count >= 3, case .global(let function) = graph[values[0]],
        let inner = graph.sequence(values[2])
      else { throw malformed(global.name) }
      return try result(of: function, inner, values[2], level: 1)
    case .storageBytes: return try embeddedStorage(values)
    case .reconstructor:
      guard let first = values.first, case .global(let type) = graph[first] else {
        throw malformed(global.name)
      }
      return try instance(of: type.name, arguments)
    case .attribute:
      guard values.count >= 2, graph.string(values[1]) != nil else {
        throw Self.refusal(of: "__builtin__.getattr", subject)
      }
      return try instance(of: global.name, arguments)
    case .numpyArray: return try instance(of: "numpy.ndarray", arguments)
    case .numpyBuffer: return try numpyBuffer(values)
    case .numpyType: return try numpyType(values)
    case .numpyScalar: return try numpyScalar(values)
    case .encode: return try encoded(values)
    case .elementType(let type): return try add(try scalar(of: type, values, global.name))
    case .storage: throw malformed(global.name)
    }
  }

  func malformed(_ name: String) -> InputError {
    InputError(subject, "its pickle calls '\(name)' in a way that is not known")
  }

  private mutating func instance(
    of type: String, _ arguments: PickleReference
  ) throws -> PickleReference {
    graph.instances.append(PickleInstance(type: type, arguments: arguments))
    return try add(
      .instance(graph.instances.count - 1), depth: depth(above: [arguments]))
  }

  /// `OrderedDict()`, `OrderedDict([[key, value], …])`, `defaultdict(factory)`, `Counter({…})`; nil for others.
  private mutating func dictionary(_ values: [PickleReference]) throws -> PickleReference? {
    var items: [PickleReference] = []
    for value in values {
      if case .dictionary(let given) = graph[value] { items += given }
      for pair in graph.sequence(value) ?? [] {
        guard let parts = graph.sequence(pair), parts.count == 2 else { return nil }
        items += parts
      }
    }
    return try add(.dictionary(items), depth: depth(above: items))
  }

  /// `list(elements)` and the like; nil where the elements are no plain list.
  private mutating func sequence(_ values: [PickleReference]) throws -> PickleReference? {
    guard let first = values.first else { return try add(.sequence([]), depth: 1) }
    guard let elements = graph.sequence(first) else { return nil }
    return try add(.sequence(elements), depth: depth(above: elements))
  }

  /// `numpy.float64(value)`, which torch types never are.
  private func scalar(
    of type: StoredType, _ values: [PickleReference], _ name: String
  ) throws -> PickleNode {
    guard let first = values.first, values.count == 1 else { throw malformed(name) }
    switch graph[first] {
    case .integer, .float, .bool: return graph[first]
    default: throw malformed(name)
    }
  }

  // MARK: State

  /// `object.__setstate__(state)` or `object.__dict__.update(state)`.
  mutating func build(_ target: PickleReference, state: PickleReference) throws {
    switch graph[target] {
    case .instance(let index) where graph.instances[index].type == "numpy.ndarray":
      replace(target, by: try numpyArray(state))
    case .instance(let index): graph.instances[index].state = state
    case .elementType(let type, _):
      guard let parts = graph.sequence(state), parts.count >= 2,
        let order = graph.string(parts[1])
      else { return }
      replace(target, by: .elementType(type, isBigEndian: order == ">"))
    // Attributes of dictionaries (`_metadata` of a state_dict), of parameters, and of types that
    // hold no numbers carry no weights.
    default: break
    }
  }

  // MARK: Torch

  /// The storage that `('storage', class, key, location, count[, view])` names.
  mutating func pushStorage(_ identifier: PickleReference) throws {
    guard let parts = graph.sequence(identifier), parts.count >= 5,
      graph.string(parts[0]) == "storage", case .global(let global) = graph[parts[1]],
      case .storage(let type, let width) = global.rule, let key = graph.string(parts[2]),
      let count = graph.integer(parts[4]), count >= 0
    else { throw InputError(subject, "its pickle names a storage in a way that is not known") }
    var storage = PickledStorage(
      type: type, className: global.name, width: width, key: key, count: count)
    if parts.count >= 6, let view = graph.sequence(parts[5]) {
      guard view.count == 3, let offset = graph.integer(view[1]), offset >= 0,
        let length = graph.integer(view[2]), 0...count ~= length
      else { throw InputError(subject, "its pickle holds a damaged view of a storage") }
      storage = PickledStorage(
        type: type, className: global.name, width: width, key: key, count: length,
        viewOffset: offset)
    }
    graph.storages.append(storage)
    try push(.storage(graph.storages.count - 1))
  }

  /// `(storage, offset, shape, strides, requires_grad, hooks[, type or metadata])`.
  private mutating func tensor(
    _ values: [PickleReference], function: String
  ) throws -> PickleNode {
    guard values.count >= 4, case .storage(let storage) = graph[values[0]],
      let offset = graph.integer(values[1]), let shape = graph.integers(values[2]),
      let strides = graph.integers(values[3])
    else { throw malformed(function) }
    var type = graph.storages[storage].type
    var typeName = graph.storages[storage].className
    if function.hasSuffix("_v3"), values.count >= 7, case .global(let global) = graph[values[6]] {
      typeName = global.name
      if case .elementType(let named) = global.rule { type = named } else { type = nil }
    }
    guard let type else { return .oddTensor(typeName) }
    graph.tensors.append(
      PickledTensor(
        source: graph.embedded[storage] ?? .storage(storage), type: type, shape: shape,
        strides: strides, offset: offset, isBigEndian: false))
    return .tensor(graph.tensors.count - 1)
  }

  /// The storage of `_load_from_bytes(bytes)`: a legacy file inside the pickle.
  private mutating func embeddedStorage(_ values: [PickleReference]) throws -> PickleReference {
    let refusal = Self.refusal(of: "torch.storage._load_from_bytes", subject)
    guard values.count == 1, !isEmbedded else { throw refusal }
    switch graph[values[0]] {
    case .bytes(let start, let count):
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: graph.stream[start..<start + count])
      return try unsafe embeddedStorage(bytes) {
        .bytes(start: start + $0.lowerBound, count: $0.count)
      }
    case .blob(let index):
      // The blobs of the graph may grow while the bytes are read; this one stays.
      let blob = graph.blobs[index]
      return try unsafe blob.withUnsafeBytes { bytes in
        try unsafe embeddedStorage(bytes) { .part(of: index, $0) }
      }
    default: throw refusal
    }
  }

  private mutating func embeddedStorage(
    _ bytes: UnsafeRawBufferPointer, _ source: (Range<Int>) -> PickledTensor.Source
  ) throws -> PickleReference {
    let file = try unsafe LegacyTorchStream(bytes, subject: subject, isEmbedded: true)
    guard case .storage(let index) = file.graph[file.root], !file.isBigEndian else {
      throw malformed("torch.storage._load_from_bytes")
    }
    let storage = file.graph.storages[index]
    graph.storages.append(storage)
    graph.embedded[graph.storages.count - 1] = source(try file.place(of: storage))
    return try add(.storage(graph.storages.count - 1))
  }
}
