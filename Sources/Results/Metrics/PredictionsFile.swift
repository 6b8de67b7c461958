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
    let descriptions = fields.map(\.numPy.literal).joined(separator: ", ")
    var data = NumPyHeader.data(descriptor: "[\(descriptions)]", shape: [count])
    var body = [UInt8](repeating: 0, count: count * rowBytes)
    unsafe body.withUnsafeMutableBytes { target in
      guard let base = target.baseAddress else { return }
      unsafe ids.bytes.withUnsafeBytes { unsafe copy($0, ids.width, to: base, rowBytes) }
      var offset = ids.width
      for (field, column) in zip(fields.dropFirst(), columns) {
        unsafe column.withBytes { unsafe copy($0, field.bytes, to: base + offset, rowBytes) }
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
    unsafe data.withUnsafeBytes { source in
      for field in fields {
        var bytes = [UInt8](repeating: 0, count: rows * field.bytes)
        unsafe bytes.withUnsafeMutableBytes { target in
          guard let target = target.baseAddress, let base = source.baseAddress else { return }
          for row in 0..<rows {
            let place = unsafe base + start + row * rowBytes + offset
            unsafe (target + row * field.bytes).copyMemory(from: place, byteCount: field.bytes)
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

  /// Reads fields, number of rows, and where the rows start.
  private static func parseHeader(
    _ data: Data, file: String
  ) throws -> (fields: [RecordField], rows: Int, start: Int) {
    let wrong = InputError(
      file, "is not a file of predictions (a NumPy structured array that starts with ids)",
      "evaluate the checkpoint again")
    let header = unsafe data.withUnsafeBytes { unsafe try? NumPyHeader($0, subject: file) }
    guard let header, let described = header.fields, let rows = header.shape.first,
      header.shape.count == 1, !header.isColumnMajor
    else { throw wrong }
    let fields = described.compactMap { RecordField($0) }
    guard fields.count == described.count, Set(fields.map(\.name)).count == fields.count,
      let first = fields.first, case .bytes = first.kind,
      fields.dropFirst().allSatisfy({ !$0.kind.isBytes })
    else { throw wrong }
    return (fields, rows, header.start)
  }
}

/// Copies rows of `width` bytes into every `pitch` bytes of the target.
private func copy(
  _ source: UnsafeRawBufferPointer, _ width: Int, to target: UnsafeMutableRawPointer, _ pitch: Int
) {
  guard let base = source.baseAddress else { return }
  for row in 0..<source.count / width {
    unsafe (target + row * pitch).copyMemory(from: base + row * width, byteCount: width)
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

  /// A field of a file; nil for one that predictions do not have.
  init?(_ field: NumPyField) {
    let width = field.shape.first ?? 1
    guard field.shape.count <= 1, 1...999_999 ~= width,
      field.name.wholeMatch(of: /[a-z0-9_]+/) != nil
    else { return nil }
    switch field.code {
    case "|b1": self.init(field.name, .boolean, width: width)
    case "<i4": self.init(field.name, .integer, width: width)
    case "<f4": self.init(field.name, .real, width: width)
    default:
      guard field.code.hasPrefix("|S"), let length = Int(field.code.dropFirst(2)),
        1...999_999 ~= length, width == 1
      else { return nil }
      self.init(field.name, .bytes(length))
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

  /// The field as in the file.
  var numPy: NumPyField {
    let code =
      switch kind {
      case .bytes(let length): "|S\(length)"
      case .boolean: "|b1"
      case .integer: "<i4"
      case .real: "<f4"
      }
    return NumPyField(name, code, shape: width == 1 ? [] : [width])
  }
}

extension PredictionColumn {
  fileprivate init(_ field: RecordField, _ bytes: [UInt8]) {
    let values: Values = unsafe bytes.withUnsafeBytes { raw in
      switch field.kind {
      case .bytes, .boolean: unsafe .boolean(raw.map { $0 == 0 ? 0 : 1 })
      case .integer: unsafe .integer(Array(raw.bindMemory(to: Int32.self)))
      case .real: unsafe .real(Array(raw.bindMemory(to: Float.self)))
      }
    }
    self.init(field.name, values, width: field.width)
  }

  fileprivate func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
    switch values {
    case .boolean(let values): unsafe values.withUnsafeBytes(body)
    case .integer(let values): unsafe values.withUnsafeBytes(body)
    case .real(let values): unsafe values.withUnsafeBytes(body)
    }
  }
}
