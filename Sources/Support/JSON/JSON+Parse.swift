import CJSON
import Foundation

extension JSON {
  /// Containers may be nested this deep.
  package static let maximumDepth = 64

  /// Reads one JSON document, strictly (RFC 8259), with json-c.
  ///
  /// Refused are text after the document, comments, NaN and infinities, integers beyond 64 bits,
  /// invalid UTF-8, a key given twice in one object, and NUL in a key.
  /// - Parameters:
  ///   - data: The text, in UTF-8.
  ///   - subject: What the text is, for messages: a file or an option.
  ///   - limit: The most bytes that are read.
  /// - Returns: The document.
  /// - Throws: `InputError` about `subject`.
  package static func parse(_ data: Data, from subject: String, limit: Int = 1 << 30) throws -> JSON
  {
    guard data.count <= limit, data.count < Int(Int32.max) else {
      throw InputError(subject, "holds \(data.count) bytes of JSON, more than \(limit)")
    }
    if let position = data.firstIndex(of: 0) {
      let offset = position - data.startIndex
      throw InputError(subject, "is not valid JSON: a NUL byte at byte \(offset)")
    }
    var text = [UInt8](data)
    guard String(validating: text, as: UTF8.self) != nil else {
      throw InputError(subject, "is not valid JSON: it is not UTF-8 text")
    }
    text.append(0)
    let (json, members) = try unsafe text.withUnsafeBufferPointer {
      try unsafe parseTerminated($0, subject)
    }
    try unsafe text.withUnsafeBufferPointer { text in
      try unsafe JSONGrammar.check(text, members: members, subject: subject)
    }
    return json
  }

  /// Reads and parses the file at `path`.
  package static func parse(contentsOf path: String, limit: Int = 1 << 30) throws -> JSON {
    let file = try MappedFile(path)
    guard file.count <= limit else {
      throw InputError(path, "holds \(file.count) bytes of JSON, more than \(limit)")
    }
    return try parse(file.data, from: path, limit: limit)
  }

  private static func parseTerminated(
    _ text: UnsafeBufferPointer<UInt8>, _ subject: String
  ) throws -> (json: JSON, members: Int) {
    guard let tokener = unsafe json_tokener_new_ex(Int32(maximumDepth)) else {
      throw InputError(subject, "cannot be parsed: out of memory")
    }
    defer { unsafe json_tokener_free(tokener) }
    unsafe json_tokener_set_flags(tokener, JSON_TOKENER_STRICT)
    let root = unsafe text.withMemoryRebound(to: CChar.self) { text in
      unsafe json_tokener_parse_ex(tokener, text.baseAddress, Int32(text.count))
    }
    defer { unsafe json_object_put(root) }
    let end = unsafe json_tokener_get_parse_end(tokener)
    let status = unsafe json_tokener_get_error(tokener)
    guard status == json_tokener_success else {
      throw InputError(subject, unsafe "is not valid JSON: \(reason(status, at: end, in: text))")
    }
    guard unsafe text[end...].allSatisfy({ [0, 0x20, 0x09, 0x0a, 0x0d].contains($0) }) else {
      throw InputError(subject, "is not valid JSON: text after the document at byte \(end)")
    }
    var members = 0
    return unsafe (try convert(root, &members, subject), members)
  }

  private static func reason(
    _ status: json_tokener_error, at end: Int, in text: UnsafeBufferPointer<UInt8>
  ) -> String {
    if status == json_tokener_continue || end >= text.count - 1 { return "it ends early" }
    if status == json_tokener_error_depth { return "nested deeper than \(maximumDepth) levels" }
    let line = unsafe text[..<end].reduce(1) { $1 == 0x0a ? $0 + 1 : $0 }
    return unsafe "\(String(cString: json_tokener_error_desc(status))) on line \(line), byte \(end)"
  }

  private static func convert(
    _ value: OpaquePointer?, _ members: inout Int, _ subject: String
  ) throws -> JSON {
    switch unsafe json_object_get_type(value) {
    case json_type_boolean: return unsafe .bool(json_object_get_boolean(value) != 0)
    case json_type_int: return unsafe .integer(try integer(value, subject))
    case json_type_double: return unsafe .number(try number(value, subject))
    case json_type_string: return unsafe .string(string(value))
    case json_type_array:
      let count = unsafe json_object_array_length(value)
      return .array(
        try (0..<count).map {
          try unsafe convert(json_object_array_get_idx(value, $0), &members, subject)
        }
      )
    case json_type_object:
      var object: [String: JSON] = [:]
      var position = unsafe json_object_iter_begin(value)
      var end = unsafe json_object_iter_end(value)
      while unsafe json_object_iter_equal(&position, &end) == 0 {
        let key =
          unsafe json_object_iter_peek_name(&position).map { unsafe String(cString: $0) } ?? ""
        object[key] = try unsafe convert(json_object_iter_peek_value(&position), &members, subject)
        members += 1
        unsafe json_object_iter_next(&position)
      }
      return .object(object)
    default: return .null
    }
  }

  /// The value of an integer; json-c clamps what does not fit, which shows as an extreme value.
  private static func integer(_ value: OpaquePointer?, _ subject: String) throws -> Int {
    let integer = unsafe json_object_get_int64(value)
    guard integer != .min, unsafe json_object_get_uint64(value) <= Int64.max else {
      throw InputError(subject, "holds an integer that does not fit 64 bits")
    }
    return Int(integer)
  }

  private static func number(_ value: OpaquePointer?, _ subject: String) throws -> Double {
    let number = unsafe json_object_get_double(value)
    guard number.isFinite else {
      throw InputError(subject, "holds a number that is not finite or does not fit a double")
    }
    return number
  }

  private static func string(_ value: OpaquePointer?) -> String {
    guard let characters = unsafe json_object_get_string(value) else { return "" }
    let bytes = unsafe UnsafeRawBufferPointer(
      start: characters, count: Int(json_object_get_string_len(value)))
    return unsafe String(decoding: bytes, as: UTF8.self)
  }
}
