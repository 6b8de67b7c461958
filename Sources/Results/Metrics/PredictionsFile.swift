import Foundation
import Support

/// Predictions as a NumPy file: one structured array, `id` first, then the columns.
///
/// `numpy.load(path)` gives a record array whose fields are the columns; nothing else is needed.
/// Little-endian; fields are `S` (ids), `?` (yes or no), `i4` and `f4`, with a shape where a column is
/// wider than one.
extension Predictions {
  /// The bytes of the file, the same for the same table.
  package func npy() -> Data {
    let fields = [RecordField("id", .bytes(ids.width))] + columns.map(RecordField.init)
    let rowBytes = fields.reduce(0) { $0 + $1.bytes }
    var data = Self.header(fields, rows: count)
    var body = [UInt8](repeating: 0, count: count * rowBytes)
    body.withUnsafeMutableBytes { target in
      guard let base = target.baseAddress else { return }
      ids.bytes.withUnsafeBytes { copy($0, ids.width, to: base, rowBytes) }
      var offset = ids.width
      for (field, column) in zip(fields.dropFirst(), columns) {
        column.withBytes { copy($0, field.bytes, to: base + offset, rowBytes) }
        offset += field.bytes
      }
    }
    data.append(contentsOf: body)
    return data
  }

  /// Reads a table written by `npy()`.
  ///
  /// - Parameters:
  ///   - data: the bytes of the file.
  ///   - file: how to name it in errors.
  /// - Throws: `InputError` if it is not such a file, is cut short, or names an example twice.
  package init(npy data: Data, file: String) throws {
    let (fields, rows, start) = try Self.parseHeader(data, file: file)
    let rowBytes = fields.reduce(0) { $0 + $1.bytes }
    guard rows.multipliedReportingOverflow(by: rowBytes).overflow == false,
      data.count - start == rows * rowBytes
    else {
      throw InputError(
        file, "holds \(data.count - start) bytes of predictions, not \(rows) rows of \(rowBytes)",
        "evaluate the checkpoint again")
    }
    var offset = 0
    var ids = ExampleIDs([])
    var columns: [PredictionColumn] = []
    data.withUnsafeBytes { source in
      for field in fields {
        var bytes = [UInt8](repeating: 0, count: rows * field.bytes)
        bytes.withUnsafeMutableBytes { target in
          guard let target = target.baseAddress, let base = source.baseAddress else { return }
          for row in 0..<rows {
            let place = base + start + row * rowBytes + offset
            (target + row * field.bytes).copyMemory(from: place, byteCount: field.bytes)
          }
        }
        offset += field.bytes
        if case .bytes(let width) = field.kind {
          ids = ExampleIDs(bytes: bytes, width: width)
        } else {
          columns.append(PredictionColumn(field, bytes))
        }
      }
    }
    if let twice = ids.duplicate {
      throw InputError(file, "names example \(twice) twice", "evaluate the checkpoint again")
    }
    self.init(ids: ids, columns: columns)
  }

  private static func header(_ fields: [RecordField], rows: Int) -> Data {
    let descriptions = fields.map(\.description).joined(separator: ", ")
    var text = "{'descr': [\(descriptions)], 'fortran_order': False, 'shape': (\(rows),), }"
    let unpadded = 10 + text.utf8.count + 1
    text += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
    data.append(UInt8(text.utf8.count & 0xFF))
    data.append(UInt8(text.utf8.count >> 8))
    data.append(contentsOf: text.utf8)
    return data
  }

  /// Reads fields, number of rows, and where the rows start.
  private static func parseHeader(
    _ data: Data, file: String
  ) throws -> (fields: [RecordField], rows: Int, start: Int) {
    let wrong = InputError(
      file, "is not a file of predictions (a NumPy structured array that starts with ids)",
      "evaluate the checkpoint again")
    guard data.count >= 10, data.prefix(8) == Data([0x93] + Array("NUMPY".utf8) + [1, 0]) else {
      throw wrong
    }
    let length = Int(data[data.startIndex + 8]) | Int(data[data.startIndex + 9]) << 8
    guard data.count >= 10 + length,
      let text = String(data: data.dropFirst(10).prefix(length), encoding: .ascii),
      let match = text.firstMatch(of: headerPattern), let rows = Int(match.rows)
    else { throw wrong }
    let fields = match.fields.matches(of: fieldPattern).compactMap {
      RecordField(name: String($0.name), type: String($0.type), width: $0.width.map(String.init))
    }
    let names = Set(fields.map(\.name))
    guard let first = fields.first, case .bytes = first.kind, names.count == fields.count,
      fields.dropFirst().allSatisfy({ !$0.kind.isBytes }),
      fields.map(\.description).joined(separator: ", ") == match.fields
    else { throw wrong }
    return (fields, rows, 10 + length)
  }
}

nonisolated(unsafe) private let headerPattern =
  /^\{'descr': \[(?<fields>.*)\], 'fortran_order': False, 'shape': \((?<rows>[0-9]{1,12}),\), \} *\n$/
nonisolated(unsafe) private let fieldPattern =
  /\('(?<name>[a-z0-9_]+)', '(?<type>[<|][Sbif][0-9]{1,6})'(?:, \((?<width>[0-9]{1,6}),\))?\)/

/// Copies rows of `width` bytes into every `pitch` bytes of the target.
private func copy(
  _ source: UnsafeRawBufferPointer, _ width: Int, to target: UnsafeMutableRawPointer, _ pitch: Int
) {
  guard let base = source.baseAddress else { return }
  for row in 0..<source.count / width {
    (target + row * pitch).copyMemory(from: base + row * width, byteCount: width)
  }
}

/// One field of the structured array.
private struct RecordField {
  enum Kind: Equatable {
    case bytes(Int)
    case boolean, integer, real

    var isBytes: Bool { if case .bytes = self { true } else { false } }
  }

  let name: String
  let kind: Kind
  let width: Int

  init(_ name: String, _ kind: Kind, width: Int = 1) {
    self.name = name
    self.kind = kind
    self.width = width
  }

  init(_ column: PredictionColumn) {
    let kind: Kind =
      switch column.values {
      case .boolean: .boolean
      case .integer: .integer
      case .real: .real
      }
    self.init(column.name, kind, width: column.width)
  }

  init?(name: String, type: String, width: String?) {
    guard let width = Int(width ?? "1"), width >= 1 else { return nil }
    switch type {
    case "|b1": self.init(name, .boolean, width: width)
    case "<i4": self.init(name, .integer, width: width)
    case "<f4": self.init(name, .real, width: width)
    default:
      guard type.hasPrefix("|S"), let length = Int(type.dropFirst(2)), length >= 1, width == 1
      else {
        return nil
      }
      self.init(name, .bytes(length))
    }
  }

  /// Bytes per row.
  var bytes: Int {
    switch kind {
    case .bytes(let length): length
    case .boolean: width
    case .integer, .real: 4 * width
    }
  }

  var description: String {
    let type =
      switch kind {
      case .bytes(let length): "|S\(length)"
      case .boolean: "|b1"
      case .integer: "<i4"
      case .real: "<f4"
      }
    return width == 1 ? "('\(name)', '\(type)')" : "('\(name)', '\(type)', (\(width),))"
  }
}

extension PredictionColumn {
  fileprivate init(_ field: RecordField, _ bytes: [UInt8]) {
    let values: Values = bytes.withUnsafeBytes { raw in
      switch field.kind {
      case .bytes, .boolean: .boolean(raw.map { $0 == 0 ? 0 : 1 })
      case .integer: .integer(Array(raw.bindMemory(to: Int32.self)))
      case .real: .real(Array(raw.bindMemory(to: Float.self)))
      }
    }
    self.init(field.name, values, width: field.width)
  }

  fileprivate func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch values {
    case .boolean(let values): values.withUnsafeBytes(body)
    case .integer(let values): values.withUnsafeBytes(body)
    case .real(let values): values.withUnsafeBytes(body)
    }
  }
}
