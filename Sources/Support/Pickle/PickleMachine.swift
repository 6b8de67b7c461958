import Foundation

/// Reads a pickle stream into a graph of data; executes nothing.
///
/// The stack machine of Python's `pickle`, protocols 0–5, without the instructions that real
/// checkpoints do not use (extension registry, out-of-band buffers, `INST`, `OBJ`). What classes and functions become
/// is in `PickleGlobal`. Every value takes at least a byte of the stream, and their
/// number, the memo and the nesting are bounded.
package struct PickleMachine {
  /// The most values; a ViT with its optimiser's state has some hundred thousand.
  static let maximumValues = 1_000_000
  /// The most tensors and arrays.
  static let maximumTensors = 200_000
  /// The deepest nesting of containers.
  package static let maximumDepth = 200

  var cursor: PickleCursor
  var graph: PickleGraph
  var stack: [PickleReference] = []
  /// Bytes of all blobs.
  var blobBytes = 0
  private var marks: [Int] = []
  private var memo: [PickleReference] = []
  private var memoized = 0
  /// Elements of all containers, which calls can copy without taking bytes of the stream.
  private var elements = 0
  /// The file, for messages.
  let subject: String

  /// The names in `graph.opaqueNames`.
  private var noted: Set<String> = []
  private static let maximumOpaqueNames = 1000
  /// Whether the stream is a storage inside another pickle, which holds no further one.
  let isEmbedded: Bool

  private init(_ stream: UnsafeRawBufferPointer, subject: String, isEmbedded: Bool) {
    self.isEmbedded = isEmbedded
    cursor = unsafe PickleCursor(stream, subject: subject)
    graph = unsafe PickleGraph(stream: stream)
    self.subject = subject
  }

  /// Reads one pickle at the beginning of `stream`.
  ///
  /// - Parameters:
  ///   - stream: bytes that may go on after the pickle; must outlive the graph.
  ///   - subject: the file, for messages.
  ///   - isEmbedded: whether it is a storage inside another pickle.
  /// - Returns: the graph, the value that was pickled, and the number of bytes it took.
  /// - Throws: `InputError` for anything that is no plain data, or exceeds a bound.
  package static func read(
    _ stream: UnsafeRawBufferPointer, subject: String, isEmbedded: Bool = false
  ) throws -> (graph: PickleGraph, root: PickleReference, length: Int) {
    var machine = unsafe PickleMachine(stream, subject: subject, isEmbedded: isEmbedded)
    let root = try machine.run()
    return (machine.graph, root, machine.cursor.position)
  }

  private mutating func run() throws -> PickleReference {
    while true {
      let code = try cursor.byte()
      guard stack.count <= 4 * Self.maximumValues, marks.count <= Self.maximumValues else {
        throw InputError(subject, "its pickle holds too many values to be a checkpoint")
      }
      guard let opcode = PickleOpcode(rawValue: code) else {
        throw InputError(
          subject, "its pickle has no instruction \(code), at byte \(cursor.position - 1)",
          "it is damaged or no PyTorch file")
      }
      if opcode == .stop { return try pop() }
      guard
        try constant(opcode) || text(opcode) || container(opcode) || extend(opcode)
          || remember(opcode) || call(opcode)
      else { throw InputError(subject, "the pickle instruction \(opcode) is not allowed") }
    }
  }

  // MARK: Values and the stack

  /// Adds a value to the graph.
  mutating func add(_ node: PickleNode, depth: Int = 0) throws -> PickleReference {
    guard graph.nodes.count < Self.maximumValues else {
      throw InputError(subject, "its pickle holds more than \(Self.maximumValues) values")
    }
    try check(depth: depth)
    switch node {
    case .sequence(let parts), .dictionary(let parts): elements += parts.count
    default: break
    }
    guard elements <= 4 * Self.maximumValues, graph.tensors.count <= Self.maximumTensors,
      graph.instances.count <= Self.maximumTensors
    else { throw InputError(subject, "its pickle holds too many values to be a checkpoint") }
    graph.nodes.append(node)
    graph.depths.append(UInt16(depth))
    return PickleReference(graph.nodes.count - 1)
  }

  /// Adds a value and pushes it.
  mutating func push(_ node: PickleNode, depth: Int = 0) throws {
    stack.append(try add(node, depth: depth))
  }

  mutating func pop() throws -> PickleReference {
    guard stack.count > (marks.last ?? 0), let last = stack.popLast() else {
      throw InputError(subject, "its pickle takes a value that is not there")
    }
    return last
  }

  /// The values above the last mark; removes both.
  private mutating func popMark() throws -> [PickleReference] {
    guard let mark = marks.popLast(), mark <= stack.count else {
      throw InputError(subject, "its pickle takes a mark that is not there")
    }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  /// The value on top of the stack, which stays there.
  private func top() throws -> PickleReference {
    guard stack.count > (marks.last ?? 0), let last = stack.last else {
      throw InputError(subject, "its pickle changes a value that is not there")
    }
    return last
  }

  /// The nesting of a container of these elements.
  func depth(above elements: [PickleReference]) -> Int {
    1 + elements.reduce(0) { max($0, Int(graph.depths[Int($1)])) }
  }

  private func check(depth: Int) throws {
    guard depth <= Self.maximumDepth else {
      throw InputError(subject, "its pickle is nested more than \(Self.maximumDepth) levels deep")
    }
  }

  // MARK: Instructions

  private mutating func constant(_ opcode: PickleOpcode) throws -> Bool {
    switch opcode {
    case .none: stack.append(0)
    case .newTrue: try push(.bool(true))
    case .newFalse: try push(.bool(false))
    case .binInt: try push(.integer(Int(try cursor.integer(Int32.self))))
    case .binInt1: try push(.integer(Int(try cursor.byte())))
    case .binInt2: try push(.integer(Int(try cursor.integer(UInt16.self))))
    case .int, .long: try pushInteger(line: try cursor.line())
    case .long1: try pushInteger(bytes: try cursor.length(UInt8.self))
    case .long4: try pushInteger(bytes: try cursor.length(Int32.self))
    case .binFloat: try push(.float(try cursor.double()))
    case .float:
      let line = try cursor.line()
      guard let value = Double(line) else {
        throw InputError(subject, "its pickle holds the number '\(line.prefix(40))'")
      }
      try push(.float(value))
    case .proto:
      let version = try cursor.byte()
      guard version <= 5 else {
        throw InputError(subject, "is pickled in protocol \(version); known are 0 to 5")
      }
    case .frame: _ = try cursor.length(UInt64.self)
    default: return false
    }
    return true
  }

  private mutating func pushInteger(line: String) throws {
    switch line {
    case "00": try push(.bool(false))
    case "01": try push(.bool(true))
    default:
      let digits = line.hasSuffix("L") ? line.dropLast() : Substring(line)
      if let value = Int(digits) { return try push(.integer(value)) }
      let isNumber = digits.drop { $0 == "-" }.allSatisfy { $0.isASCII && $0.isNumber }
      guard isNumber, digits.count > 1 else {
        throw InputError(subject, "its pickle holds the integer '\(line.prefix(40))'")
      }
      // Beyond 64 bits: no weight, but its digits may be of interest.
      try push(.string(String(digits)))
    }
  }

  /// A little-endian two's complement integer of any length.
  private mutating func pushInteger(bytes count: Int) throws {
    let range = try cursor.take(count)
    guard count <= 8 else { return try push(.long(start: range.lowerBound, count: count)) }
    let bytes = unsafe cursor.bytes[range]
    var value = unsafe UInt64(bitPattern: bytes.last.map { $0 >= 0x80 ? -1 : 0 } ?? 0)
    for byte in unsafe Array(bytes).reversed() { value = value << 8 | UInt64(byte) }
    try push(.integer(Int(Int64(bitPattern: value))))
  }

  private mutating func text(_ opcode: PickleOpcode) throws -> Bool {
    switch opcode {
    case .binUnicode: try push(.string(try cursor.text(try cursor.length(UInt32.self))))
    case .shortBinUnicode: try push(.string(try cursor.text(try cursor.length(UInt8.self))))
    case .binUnicode8: try push(.string(try cursor.text(try cursor.length(UInt64.self))))
    case .unicode: try push(.string(try cursor.line()))
    case .string: try push(.string(try unquoted(cursor.line())))
    case .binString, .binBytes: try pushBytes(try cursor.length(UInt32.self))
    case .shortBinString, .shortBinBytes: try pushBytes(try cursor.length(UInt8.self))
    case .binBytes8, .byteArray8: try pushBytes(try cursor.length(UInt64.self))
    default: return false
    }
    return true
  }

  private mutating func pushBytes(_ count: Int) throws {
    let range = try cursor.take(count)
    try push(.bytes(start: range.lowerBound, count: count))
  }

  /// The text between the quotes of a protocol 0 string; escapes are left as they are.
  private func unquoted(_ line: String) throws -> String {
    guard line.count >= 2, let quote = line.first, quote == line.last, "'\"".contains(quote) else {
      throw InputError(subject, "its pickle holds a string without quotes")
    }
    return String(line.dropFirst().dropLast())
  }

  private mutating func container(_ opcode: PickleOpcode) throws -> Bool {
    switch opcode {
    case .mark: marks.append(stack.count)
    case .pop:
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case .popMark: _ = try popMark()
    case .duplicate: stack.append(try top())
    case .emptyList, .emptyTuple, .emptySet: try push(.sequence([]), depth: 1)
    case .emptyDict: try push(.dictionary([]), depth: 1)
    case .list, .tuple, .frozenSet: try pushSequence(try popMark())
    case .tuple1: try pushSequence([try pop()])
    case .tuple2:
      let second = try pop()
      try pushSequence([try pop(), second])
    case .tuple3:
      let (third, second) = (try pop(), try pop())
      try pushSequence([try pop(), second, third])
    case .dict:
      let items = try popMark()
      guard items.count.isMultiple(of: 2) else {
        throw InputError(subject, "its pickle has a key without a value")
      }
      try push(.dictionary(items), depth: depth(above: items))
    default: return false
    }
    return true
  }

  private mutating func pushSequence(_ elements: [PickleReference]) throws {
    try push(.sequence(elements), depth: depth(above: elements))
  }

  private mutating func extend(_ opcode: PickleOpcode) throws -> Bool {
    switch opcode {
    case .append: try append([try pop()], to: try top())
    case .appends, .addItems:
      let elements = try popMark()
      try append(elements, to: try top())
    case .setItem:
      let value = try pop()
      let key = try pop()
      try setItems([key, value], of: try top())
    case .setItems:
      let items = try popMark()
      guard items.count.isMultiple(of: 2) else {
        throw InputError(subject, "its pickle has a key without a value")
      }
      try setItems(items, of: try top())
    default: return false
    }
    return true
  }

  private mutating func append(_ added: [PickleReference], to list: PickleReference) throws {
    switch graph[list] {
    case .sequence(var elements):
      graph.nodes[Int(list)] = .none  // so that the array is not copied
      elements.append(contentsOf: added)
      graph.nodes[Int(list)] = .sequence(elements)
    case .instance(let index): graph.instances[index].elements.append(contentsOf: added)
    default: throw InputError(subject, "its pickle appends to something that is no list")
    }
    try deepen(list, by: added)
  }

  private mutating func setItems(_ added: [PickleReference], of target: PickleReference) throws {
    switch graph[target] {
    case .dictionary(var items):
      graph.nodes[Int(target)] = .none  // so that the array is not copied
      items.append(contentsOf: added)
      graph.nodes[Int(target)] = .dictionary(items)
    case .instance(let index): graph.instances[index].items.append(contentsOf: added)
    default: throw InputError(subject, "its pickle sets items of something that is no dictionary")
    }
    try deepen(target, by: added)
  }

  private mutating func deepen(_ container: PickleReference, by added: [PickleReference]) throws {
    let depth = max(Int(graph.depths[Int(container)]), depth(above: added))
    try check(depth: depth)
    graph.depths[Int(container)] = UInt16(depth)
  }

  private mutating func remember(_ opcode: PickleOpcode) throws -> Bool {
    switch opcode {
    case .binGet: try recall(try cursor.length(UInt8.self))
    case .longBinGet: try recall(try cursor.length(UInt32.self))
    case .get: try recall(Int(try cursor.line()) ?? -1)
    case .binPut: try memoize(try cursor.length(UInt8.self))
    case .longBinPut: try memoize(try cursor.length(UInt32.self))
    case .put: try memoize(Int(try cursor.line()) ?? -1)
    case .memoize: try memoize(memoized)
    default: return false
    }
    return true
  }

  private mutating func recall(_ index: Int) throws {
    guard memo.indices.contains(index), memo[index] >= 0 else {
      throw InputError(subject, "its pickle recalls memo entry \(index), which was never stored")
    }
    stack.append(memo[index])
  }

  private mutating func memoize(_ index: Int) throws {
    guard 0..<Self.maximumValues ~= index else {
      throw InputError(subject, "its pickle stores memo entry \(index), beyond all bounds")
    }
    while memo.count <= index { memo.append(-1) }
    if memo[index] < 0 { memoized += 1 }
    memo[index] = try top()
  }

  private mutating func call(_ opcode: PickleOpcode) throws -> Bool {
    switch opcode {
    case .global:
      let module = try cursor.line()
      try pushGlobal(module: module, name: try cursor.line())
    case .stackGlobal:
      let (name, module) = (try pop(), try pop())
      guard let module = graph.string(module), let name = graph.string(name) else {
        throw InputError(subject, "its pickle names a global by something that is no text")
      }
      try pushGlobal(module: module, name: name)
    case .reduce, .newObject:
      let arguments = try pop()
      try apply(try pop(), to: arguments)
    case .newObjectEx:
      let (_, arguments) = (try pop(), try pop())
      try apply(try pop(), to: arguments)
    case .build:
      let state = try pop()
      try build(try top(), state: state)
    case .binPersistentID: try pushStorage(try pop())
    default: return false
    }
    return true
  }

  private mutating func pushGlobal(module: String, name: String) throws {
    let shown = "\(module.prefix(100)).\(name.prefix(100))"
    guard let global = PickleGlobal(module: module, name: name) else {
      throw Self.refusal(of: shown, subject)
    }
    if module.hasPrefix("joblib."), name.hasPrefix("NumpyArrayWrapper") {
      throw InputError(
        subject, "is a file of joblib, whose arrays lie between the instructions of its pickle",
        "in Python: numpy.savez(new_path, **joblib.load(path))")
    }
    if global.isOpaque, noted.count < Self.maximumOpaqueNames, noted.insert(shown).inserted {
      graph.opaqueNames.append(shown)
    }
    try push(.global(global))
  }

  /// What is said of a name that runs things.
  static func refusal(of name: String, _ subject: String) -> InputError {
    InputError(
      subject, "global '\(name)' is not allowed",
      "in Python it would run something; where the file is to be trusted, save its weights alone: "
        + "torch.save(model.state_dict(), path)")
  }

  /// Replaces a value of the graph, which keeps its place.
  mutating func replace(_ reference: PickleReference, by node: PickleNode) {
    graph.nodes[Int(reference)] = node
  }
}
