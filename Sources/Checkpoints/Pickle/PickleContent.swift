import Support

/// The tensors of a pickle by their path, and all else as JSON.
///
/// `{"model": {"norm.weight": tensor}, "epoch": 3}` gives the tensor `model.norm.weight` and the metadata
/// `{"epoch": 3}`. Attributes of instances count like items of dictionaries, places in lists like keys.
struct PickleContent {
  /// Paths and indices into `PickleGraph.tensors`, in the order of the pickle.
  private(set) var tensors: [(name: String, index: Int)] = []
  private(set) var metadata: JSON = .object([:])

  private let graph: PickleGraph
  private let subject: String
  private var visits = 0
  /// Containers that are being visited, to find one inside itself.
  private var path: Set<PickleReference> = []

  /// More visits than this mean that containers are shared to an absurd degree.
  private var maximumVisits: Int { 100_000 + 4 * graph.nodes.count }
  /// Metadata beyond this depth is left out, so that its JSON can be read again.
  private static let metadataDepth = 24

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
    case .long, .bytes, .blob, .storage: return nil
    case .tensor(let index):
      tensors.append((name, index))
      return nil
    case .sequence, .dictionary, .instance:
      return try container(reference, name: name, depth: depth)
    }
  }

  private mutating func container(
    _ reference: PickleReference, name: String, depth: Int
  ) throws -> JSON? {
    guard path.insert(reference).inserted else {
      throw InputError(subject, "'\(name)' in its pickle contains itself")
    }
    defer { path.remove(reference) }
    guard depth < PickleMachine.maximumDepth else {
      throw InputError(
        subject, "its pickle is nested more than \(PickleMachine.maximumDepth) levels deep")
    }
    let json: JSON?
    switch graph[reference] {
    case .sequence(let elements): json = try list(elements, name: name, depth: depth)
    case .dictionary(let items): json = .object(try members(items, name: name, depth: depth))
    case .instance(let index): json = try instance(graph.instances[index], name, depth)
    default: json = nil
    }
    return depth < Self.metadataDepth ? json : .string("…")
  }

  private mutating func list(
    _ elements: [PickleReference], name: String, depth: Int
  ) throws -> JSON {
    var values: [JSON] = []
    for (index, element) in elements.enumerated() {
      let inner = joined(name, "\(index)")
      if let json = try visit(element, name: inner, depth: depth + 1) { values.append(json) }
    }
    return .array(values)
  }

  private mutating func members(
    _ items: [PickleReference], name: String, depth: Int
  ) throws -> [String: JSON] {
    var members: [String: JSON] = [:]
    for place in stride(from: 0, to: items.count - 1, by: 2) {
      guard let key = text(items[place]) else { continue }
      let inner = joined(name, key)
      if let json = try visit(items[place + 1], name: inner, depth: depth + 1) {
        members[key] = json
      }
    }
    return members
  }

  /// Attributes and items of an instance; else its elements or arguments; else its type.
  private mutating func instance(
    _ instance: PickleInstance, _ name: String, _ depth: Int
  ) throws -> JSON? {
    var all = try members(instance.items, name: name, depth: depth)
    var state = instance.state
    // The state of slots comes as (dictionary, slots).
    if let reference = state, let parts = graph.sequence(reference), parts.count == 2 {
      state = parts[0]
    }
    if let state, case .dictionary(let items) = graph[state] {
      all.merge(try members(items, name: name, depth: depth + 1)) { item, _ in item }
    }
    if !all.isEmpty { return .object(all) }
    if !instance.elements.isEmpty {
      return try list(instance.elements, name: name, depth: depth)
    }
    guard instance.type != "copyreg._reconstructor",
      case .some(.array(let values)) = try visit(instance.arguments, name: name, depth: depth + 1),
      !values.isEmpty
    else { return .string(instance.type) }
    return instance.type.hasPrefix("pathlib.")
      ? .string(values.compactMap(\.string).joined(separator: "/")) : .array(values)
  }

  /// A key as text; nil for keys that are no text or number.
  private func text(_ key: PickleReference) -> String? {
    switch graph[key] {
    case .integer(let value): "\(value)"
    case .float(let value): "\(value)"
    case .bool(let value): "\(value)"
    default: graph.string(key)
    }
  }

  private func joined(_ name: String, _ key: String) -> String {
    name.isEmpty ? key : name + "." + key
  }
}
