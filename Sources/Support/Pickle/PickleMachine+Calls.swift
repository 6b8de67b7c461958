import Foundation

/// What calls of allowed classes and functions become.
extension PickleMachine {
  /// `callable(*arguments)`; `isNew` when only `__new__` is called.
  mutating func apply(
    _ callable: PickleReference, to arguments: PickleReference, isNew: Bool
  ) throws {
    guard case .global(let global) = graph[callable] else {
      throw InputError(subject, "its pickle calls something that is no known class or function")
    }
    guard let values = graph.sequence(arguments) else {
      throw InputError(subject, "its pickle calls '\(global.name)' without arguments")
    }
    stack.append(try result(of: global, values, arguments, level: 0))
  }

  private mutating func result(
    of global: PickleGlobal, _ values: [PickleReference], _ arguments: PickleReference, level: Int
  ) throws -> PickleReference {
    switch global.rule {
    case .dictionary: return try dictionary(values)
    case .sequence: return try sequence(values)
    case .record: return try instance(of: global.name, arguments)
    case .tensor: return try add(.tensor(try tensor(values, function: global.name)))
    case .first:
      guard let first = values.first else { throw malformed(global.name) }
      return first
    case .typedTensor:
      guard level == 0, values.count >= 3, case .global(let function) = graph[values[0]],
        let inner = graph.sequence(values[2])
      else { throw malformed(global.name) }
      return try result(of: function, inner, values[2], level: 1)
    case .reconstructor:
      guard let first = values.first, case .global(let type) = graph[first] else {
        throw malformed(global.name)
      }
      return try instance(of: type.name, arguments)
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

  /// `OrderedDict()`, `OrderedDict([[key, value], …])`, `defaultdict(factory)`, `Counter({…})`.
  private mutating func dictionary(_ values: [PickleReference]) throws -> PickleReference {
    var items: [PickleReference] = []
    for value in values {
      if case .dictionary(let given) = graph[value] { items += given }
      for pair in graph.sequence(value) ?? [] {
        guard let parts = graph.sequence(pair), parts.count == 2 else {
          throw malformed("collections.OrderedDict")
        }
        items += parts
      }
    }
    return try add(.dictionary(items), depth: depth(above: items))
  }

  private mutating func sequence(_ values: [PickleReference]) throws -> PickleReference {
    guard let first = values.first else { return try add(.sequence([]), depth: 1) }
    guard let elements = graph.sequence(first) else { throw malformed("list") }
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
      replace(target, by: .tensor(try numpyArray(state)))
    case .instance(let index): graph.instances[index].state = state
    case .elementType(let type, _):
      guard let parts = graph.sequence(state), parts.count >= 2,
        let order = graph.string(parts[1])
      else { throw malformed("numpy.dtype") }
      replace(target, by: .elementType(type, isBigEndian: order == ">"))
    // Attributes of dictionaries (`_metadata` of a state_dict) and of parameters carry no weights.
    case .dictionary, .sequence, .tensor: break
    default: throw InputError(subject, "its pickle sets the state of something that has none")
    }
  }

  // MARK: Torch

  /// The storage that `('storage', class, key, location, count[, view])` names.
  mutating func pushStorage(_ identifier: PickleReference) throws {
    guard let parts = graph.sequence(identifier), parts.count >= 5,
      graph.string(parts[0]) == "storage", case .global(let global) = graph[parts[1]],
      case .storage(let type) = global.rule, let key = graph.string(parts[2]),
      let count = graph.integer(parts[4]), count >= 0
    else { throw InputError(subject, "its pickle names a storage in a way that is not known") }
    var storage = PickledStorage(type: type, key: key, count: count, viewOffset: 0)
    if parts.count >= 6, let view = graph.sequence(parts[5]) {
      guard view.count == 3, let offset = graph.integer(view[1]), offset >= 0,
        let length = graph.integer(view[2]), 0...count ~= length
      else { throw InputError(subject, "its pickle holds a damaged view of a storage") }
      storage = PickledStorage(type: type, key: key, count: length, viewOffset: offset)
    }
    graph.storages.append(storage)
    try push(.storage(graph.storages.count - 1))
  }

  /// `(storage, offset, shape, strides, requires_grad, hooks[, type or metadata])`.
  private mutating func tensor(_ values: [PickleReference], function: String) throws -> Int {
    guard values.count >= 4, case .storage(let storage) = graph[values[0]],
      let offset = graph.integer(values[1]), let shape = graph.integers(values[2]),
      let strides = graph.integers(values[3])
    else { throw malformed(function) }
    var type = graph.storages[storage].type
    if function.hasSuffix("_v3"), values.count >= 7, case .global(let global) = graph[values[6]],
      case .elementType(let named) = global.rule
    {
      type = named
    }
    guard let type else { throw malformed(function) }
    graph.tensors.append(
      PickledTensor(
        source: .storage(storage), type: type, shape: shape, strides: strides, offset: offset,
        isBigEndian: false))
    return graph.tensors.count - 1
  }
}
