import Foundation
import Support

/// Hugging Face's safetensors: 8 bytes of header length, a JSON header, then the elements.
///
///     { "__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} }
///
/// Tensors must fill the data part without gap or overlap, as in the reference implementation.
enum Safetensors: CheckpointFormat {
  static let name = "safetensors"
  static let summary = "safetensors"
  /// No encoder's header comes near this; JSON of more would cost memory out of all proportion.
  static let maximumHeader = 4 << 20

  static func recognizes(_ source: CheckpointSource) -> Bool {
    let bytes = unsafe source.bytes
    if bytes.count >= 9, unsafe bytes[8] == UInt8(ascii: "{") { return true }
    guard let file = source.file, source.path.hasSuffix(".safetensors") else { return false }
    return unsafe !file.bytes.isEmpty && ForeignFile.refusal(of: file) == nil
  }

  static func open(_ source: CheckpointSource) throws -> TensorArchive {
    let file = try source.requireFile()
    let (header, start) = try header(of: file)
    guard let members = header.object else {
      throw InputError(file.path, "its header is \(header.kind), not a mapping of tensors")
    }
    var tensors: [(name: String, range: Range<Int>, tensor: StoredTensor?)] = []
    var oddTensors: [(name: String, type: String)] = []
    for (name, value) in members.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
      let place = try Place(value, subject: "\(file.path): tensor '\(name)'")
      let tensor = try place.tensor(in: file, dataStart: start)
      tensors.append((name, place.range, tensor))
      if tensor == nil { oddTensors.append((name, place.typeName)) }
    }
    tensors.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name) < (
        $1.range.lowerBound, $1.range.upperBound, $1.name
      )
    }
    try checkCoverage(tensors.map { ($0.name, $0.range) }, of: file.count - start, file.path)
    return TensorArchive(
      source: file.path, format: name,
      tensors: tensors.compactMap { entry in entry.tensor.map { (entry.name, $0) } },
      metadata: header["__metadata__"] ?? .object([:]), oddTensors: oddTensors,
      fileBytes: file.count)
  }

  /// The parsed header, and the byte at which the data part begins.
  private static func header(of file: MappedFile) throws -> (JSON, Int) {
    guard file.count >= 8 else {
      throw InputError(file.path, "ends after \(file.count) bytes", "fetch the file again")
    }
    let length = unsafe UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
    guard length <= file.count - 8 else {
      throw InputError(
        file.path, "its header claims \(length) bytes and the file has \(file.count)",
        "the download is incomplete or this is no safetensors file; fetch it again")
    }
    guard length <= maximumHeader else {
      throw InputError(file.path, "its header of \(length) bytes exceeds \(maximumHeader)")
    }
    let end = 8 + Int(length)
    let text = unsafe Data(file.bytes[8..<end])
    return (try JSON.parse(text, from: "\(file.path): header"), end)
  }

  /// Refuses data that no tensor or two tensors claim.
  private static func checkCoverage(
    _ ranges: [(name: String, range: Range<Int>)], of count: Int, _ path: String
  ) throws {
    var end = 0
    var last = ""
    for (name, range) in ranges {
      guard range.lowerBound >= end else {
        throw InputError(path, "the tensors '\(last)' and '\(name)' overlap")
      }
      guard range.lowerBound == end else {
        throw InputError(path, "bytes \(end)..<\(range.lowerBound) belong to no tensor")
      }
      (end, last) = (range.upperBound, name)
    }
    guard end == count else {
      throw InputError(path, "holds \(count) bytes of tensors where its header places \(end)")
    }
  }
}

/// One entry of the header.
private struct Place {
  let subject: String
  /// How elements are stored; nil for a type that cannot be read.
  let type: StoredType?
  /// The type as the file calls it.
  let typeName: String
  let shape: [Int]
  /// Bytes from the beginning of the data part.
  let range: Range<Int>

  /// Types that the format knows and no encoder has, and the bits of an element.
  private static let oddTypes = [
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "C64": 64,
  ]

  init(_ json: JSON, subject: String) throws {
    self.subject = subject
    guard let typeName = json["dtype"]?.string, let sizes = json["shape"]?.array,
      let offsets = json["data_offsets"]?.array, offsets.count == 2
    else { throw InputError(subject, "lacks dtype, shape or data_offsets") }
    let shape = sizes.compactMap(\.int)
    guard shape.count == sizes.count, let count = elementCount(shape) else {
      throw InputError(subject, "has an impossible shape")
    }
    guard let begin = offsets[0].int, let end = offsets[1].int, 0 <= begin, begin <= end else {
      throw InputError(subject, "has impossible offsets")
    }
    let bits = StoredType(rawValue: typeName).map { 8 * $0.width } ?? Self.oddTypes[typeName]
    guard let bits else {
      throw InputError(subject, "has elements of type \(typeName), which cannot be read")
    }
    type = StoredType(rawValue: typeName)
    self.typeName = typeName
    guard end - begin == (count * bits + 7) / 8 else {
      throw InputError(
        subject, "of shape \(shape) and type \(typeName) does not take \(end - begin) bytes")
    }
    self.shape = shape
    range = begin..<end
  }

  /// The tensor; nil when its elements cannot be read.
  func tensor(in file: MappedFile, dataStart: Int) throws -> StoredTensor? {
    guard range.upperBound <= file.count - dataStart else {
      throw InputError(
        subject, "ends at byte \(range.upperBound) of \(file.count - dataStart)",
        "the download is incomplete; fetch it again")
    }
    guard let type else { return nil }
    let bytes = dataStart + range.lowerBound..<dataStart + range.upperBound
    return try StoredTensor(
      type, shape: shape, storage: MappedStorage(file: file, range: bytes), subject: subject)
  }
}
