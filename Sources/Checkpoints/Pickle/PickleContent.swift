import Support

/// The tensors of a pickle by their path, and all else as JSON.
///
/// `{"model": {"norm.weight": tensor}, "epoch": 3}` gives the tensor `model.norm.weight` and the metadata
/// `{"epoch": 3}`. Attributes of instances count like items of dictionaries, places in lists like keys.
struct PickleContent {
  /// Paths and indices into `PickleGraph.tensors`, in the order of the pickle.
  private(set) var tensors: [(name: String, index: Int)] = []
  private(set) var metadata: JSON = .object([:])

  /// Tensors whose elements cannot be read, and their type.
  private(set) var oddTensors: [(name: String, type: String)] = []

  private let graph: PickleGraph
  private let subject: String
  private var visits = 0
  /// Containers that are being visited, to find one inside itself.
  private var path: Set<PickleReference> = []
  /// Instances that are being visited: what their classes link together may be linked in circles.
  private var openInstances = 0
  /// How often each instance was visited.
  private var instanceVisits: [Int: Int] = [:]

  /// More visits than this mean that containers are shared to an absurd degree.
  private var maximumVisits: Int { 100_000 + 4 * graph.nodes.count }
  /// Metadata beyond this depth is left out, so that its JSON can be read again.
  private static let metadataDepth = 24
  /// Visits of one instance; a module under two names is met twice.
  private static let maximumInstanceVisits = 3

  /// Walks through everything below `root`.
  /// - Throws: `InputError` if a container holds itself or there are absurdly many paths.
  init(_ graph: PickleGraph, root: PickleReference, subject: String) throws {
    self.graph = graph
    self.subject = subject
    let json = try visit(root, name: "", depth: 0)
    if case .some(.object) = json { metadata = json ?? .object([:]) }
  }

  /// The JSON of a value; nil when it is a tensor, which is noted instead, or has no JSON.
  private mutating func visit(
    _ reference: PickleReference, name: String, depth: Int
  ) throws -> JSON? {
    visits += 1
    guard visits <= maximumVisits, name.utf8.count <= 4096 else {
      throw InputError(subject, "its pickle holds too many values to be a checkpoint")
    }
    switch graph[reference] {
    case .none: return .null
    case .bool(let value): return .bool(value)
    case .integer(let value): return .integer(value)
    case .float(let value): return value.isFinite ? .number(value) : .string("\(value)")
    case .string(let text): return .string(text)
    case .elementType(let type, _): return .string(type.rawValue)
    case .global(let global): return .string(global.name)
    case .long(let start, let count): return unsigned(start, count)
    case .bytes, .blob, .storage: return nil
    case .tensor(let index):
      tensors.append((name, index))
      return nil
    case .oddTensor(let type):
      oddTensors.append((name, type))
      return nil
    case .sequence, .dictionary, .instance:
      return try container(reference, name: name, depth: depth)
    }
  }

  /// A whole number of 64 bits without a sign, which `Int` does not hold, in digits; longer ones are left out.
  private func unsigned(_ start: Int, _ count: Int) -> JSON? {
    guard count == 9, unsafe graph.stream[start + 8] == 0 else { return nil }
    let bits = unsafe graph.stream[start..<start + 8].reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    return .string("\(bits)")
  }

  private mutating func container(
    _ reference: PickleReference, name: String, depth: Int
  ) throws -> JSON? {
    guard depth < PickleMachine.maximumDepth, path.insert(reference).inserted else {
      if openInstances > 0 { return .string("…") }
      throw InputError(
        subject,
        depth < PickleMachine.maximumDepth
          ? "'\(name)' in its pickle contains itself"
          : "its pickle is nested more than \(PickleMachine.maximumDepth) levels deep")
    }
    defer { path.remove(reference) }
    let json: JSON?
    switch graph[reference] {
    case .sequence(let elements): json = .array(try list(elements, name: name, depth: depth))
    case .dictionary(let items): json = .object(try members(items, name: name, depth: depth))
    case .instance(let index):
      openInstances += 1
      defer { openInstances -= 1 }
      instanceVisits[index, default: 0] += 1
      let isNew = instanceVisits[index, default: 0] <= Self.maximumInstanceVisits
      json = isNew ? try instance(graph.instances[index], name, depth) : .string("…")
    default: json = nil
    }
    return depth < Self.metadataDepth ? json : .string("…")
  }

  private mutating func list(
    _ elements: [PickleReference], name: String, depth: Int
  ) throws -> [JSON] {
    var values: [JSON] = []
    for (index, element) in elements.enumerated() {
      let inner = joined(name, "\(index)")
      if let json = try visit(element, name: inner, depth: depth + 1) { values.append(json) }
    }
    return values
  }

  private mutating func members(
    _ items: [PickleReference], name: String, depth: Int
  ) throws -> [String: JSON] {
    var members: [String: JSON] = [:]
    for place in stride(from: 0, to: items.count - 1, by: 2) {
      let key = text(items[place]) ?? "\(place / 2)"
      let inner = joined(name, key)
      if let json = try visit(items[place + 1], name: inner, depth: depth + 1) {
        members[key] = json
      }
    }
    return members
  }

  // MARK: Instances

  /// Items and attributes of an instance; else its elements or arguments; else its type.
  private mutating func instance(
    _ instance: PickleInstance, _ name: String, _ depth: Int
  ) throws -> JSON? {
    var all = try members(instance.items, name: name, depth: depth)
    all.merge(try attributes(instance.state, name, depth)) { item, _ in item }
    let elements = try list(instance.elements, name: name, depth: depth)
    let arguments = try self.arguments(of: instance, name, depth)
    if !all.isEmpty { return .object(all) }
    if !elements.isEmpty { return .array(elements) }
    guard !arguments.isEmpty else { return .string(instance.type) }
    return instance.type.hasPrefix("pathlib.")
      ? .string(arguments.compactMap(\.string).joined(separator: "/")) : .array(arguments)
  }

  private mutating func arguments(
    of instance: PickleInstance, _ name: String, _ depth: Int
  ) throws -> [JSON] {
    guard instance.type != "copyreg._reconstructor", !isReconstructed(instance),
      let values = graph.sequence(instance.arguments), !values.isEmpty
    else { return [] }
    return try list(values, name: name, depth: depth + 1)
  }

  /// Whether the arguments are those of `copyreg._reconstructor`: class, base and value of the base.
  private func isReconstructed(_ instance: PickleInstance) -> Bool {
    guard let parts = graph.sequence(instance.arguments), parts.count == 3,
      case .global(let type) = graph[parts[0]], case .global = graph[parts[1]]
    else { return false }
    return type.name == instance.type
  }

  /// What the state of an instance holds: a dictionary of attributes, one beside the values of slots, or anything.
  private mutating func attributes(
    _ state: PickleReference?, _ name: String, _ depth: Int
  ) throws -> [String: JSON] {
    guard let state else { return [:] }
    switch graph[state] {
    case .dictionary(let items):
      return isModule(items)
        ? try module(items, name, depth) : try members(items, name: name, depth: depth + 1)
    case .sequence(let parts):
      var all: [String: JSON] = [:]
      for part in parts {
        if case .dictionary(let items) = graph[part] {
          all.merge(try members(items, name: name, depth: depth + 1)) { first, _ in first }
        } else {
          _ = try visit(part, name: name, depth: depth + 1)
        }
      }
      return all
    default:
      _ = try visit(state, name: name, depth: depth + 1)
      return [:]
    }
  }

  /// The attributes in which a `torch.nn.Module` keeps what its `state_dict` shows.
  private static let moduleParts: Set = ["_parameters", "_buffers", "_modules"]

  private func isModule(_ items: [PickleReference]) -> Bool {
    let keys = stride(from: 0, to: items.count - 1, by: 2).compactMap { graph.string(items[$0]) }
    return Self.moduleParts.isSubset(of: keys)
  }

  /// A pickled module: its tensors get the names that they have in its `state_dict`.
  private mutating func module(
    _ items: [PickleReference], _ name: String, _ depth: Int
  ) throws -> [String: JSON] {
    var all: [String: JSON] = [:]
    for place in stride(from: 0, to: items.count - 1, by: 2) {
      guard let key = text(items[place]) else { continue }
      if Self.moduleParts.contains(key), case .dictionary(let inner) = graph[items[place + 1]] {
        all.merge(try members(inner, name: name, depth: depth + 1)) { first, _ in first }
      } else if let json = try visit(items[place + 1], name: joined(name, key), depth: depth + 1) {
        all[key] = json
      }
    }
    return all
  }

  /// A key as text; nil for keys that are no text, number or class.
  private func text(_ key: PickleReference) -> String? {
    switch graph[key] {
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .bool(let value): "\(value)"
    case .global(let global): global.name
    default: graph.string(key)
    }
  }

  private func joined(_ name: String, _ key: String) -> String {
    name.isEmpty ? key : name + "." + key
  }
}
