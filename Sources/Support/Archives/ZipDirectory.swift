/// The central directory of a zip file, as written, its lengths checked against the file.
struct ZipDirectory {
  /// What the directory says about an entry.
  struct Record {
    var name: String
    var flags: UInt16
    var method: UInt16
    var checksum: UInt32
    /// Bytes in the file and once unpacked, and the place of the local header.
    var packed: Int
    var unpacked: Int
    var header: Int
  }

  let records: [Record]
  /// Where the directory begins, so where entries end.
  let start: Int

  init(_ file: MappedFile) throws {
    let bytes = unsafe file.bytes
    let place = try unsafe Self.place(bytes, file.path)
    guard place.start >= 0, place.size >= 0, place.start <= bytes.count,
      place.size <= bytes.count - place.start, place.count >= 0,
      place.count <= place.size / 46, place.count <= 200_000
    else {
      throw InputError(
        file.path, "its zip directory does not fit the file",
        "the download is incomplete; fetch it again")
    }
    start = place.start
    var records: [Record] = []
    var position = place.start
    for _ in 0..<place.count {
      let end = place.start + place.size
      guard let (record, next) = unsafe Self.record(bytes, at: position, end: end) else {
        throw InputError(file.path, "its zip directory is damaged", "fetch the file again")
      }
      records.append(record)
      position = next
    }
    self.records = records
  }

  /// Number of entries, and start and size of the directory in bytes.
  private static func place(
    _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws -> (count: Int, start: Int, size: Int) {
    let lowest = max(0, bytes.count - 22 - 65535)
    var end = bytes.count - 22
    while end >= lowest, end >= 0, unsafe loadWord(bytes, end) != 0x0605_4b50 { end -= 1 }
    guard end >= lowest, end >= 0 else {
      throw InputError(
        path, "has no zip directory at its end", "the download is incomplete; fetch it again")
    }
    // Zip64: a locator before the end record points to a longer record.
    if end >= 20, unsafe loadWord(bytes, end - 20) == 0x0706_4b50 {
      let record = unsafe loadLong(bytes, end - 12)
      guard record >= 0, record <= bytes.count - 56, unsafe loadWord(bytes, record) == 0x0606_4b50
      else {
        throw InputError(path, "its zip64 record is damaged", "fetch the file again")
      }
      return unsafe (
        loadLong(bytes, record + 32), loadLong(bytes, record + 48), loadLong(bytes, record + 40)
      )
    }
    return unsafe (
      Int(loadHalf(bytes, end + 10)), Int(loadWord(bytes, end + 16)),
      Int(loadWord(bytes, end + 12))
    )
  }

  private static func record(
    _ bytes: UnsafeRawBufferPointer, at position: Int, end: Int
  ) -> (record: Record, next: Int)? {
    guard position <= end - 46, unsafe loadWord(bytes, position) == 0x0201_4b50 else { return nil }
    let nameEnd = unsafe position + 46 + Int(loadHalf(bytes, position + 28))
    let extraEnd = unsafe nameEnd + Int(loadHalf(bytes, position + 30))
    let next = unsafe extraEnd + Int(loadHalf(bytes, position + 32))
    guard next <= end,
      let name = unsafe String(validating: bytes[position + 46..<nameEnd], as: UTF8.self)
    else { return nil }
    var record = unsafe Record(
      name: name, flags: loadHalf(bytes, position + 8), method: loadHalf(bytes, position + 10),
      checksum: loadWord(bytes, position + 16), packed: Int(loadWord(bytes, position + 20)),
      unpacked: Int(loadWord(bytes, position + 24)), header: Int(loadWord(bytes, position + 42)))
    unsafe widen(&record, bytes, nameEnd..<extraEnd)
    return (record, next)
  }

  /// Replaces sizes that did not fit 32 bits by those of the zip64 extra field.
  private static func widen(
    _ record: inout Record, _ bytes: UnsafeRawBufferPointer, _ extra: Range<Int>
  ) {
    var field = extra.lowerBound
    while field + 4 <= extra.upperBound {
      let end = unsafe field + 4 + Int(loadHalf(bytes, field + 2))
      guard end <= extra.upperBound else { return }
      if unsafe loadHalf(bytes, field) == 1 {
        var place = field + 4
        func wide(_ value: Int) -> Int {
          guard value == 0xffff_ffff, place + 8 <= end else { return value }
          defer { place += 8 }
          return unsafe loadLong(bytes, place)
        }
        record.unpacked = wide(record.unpacked)
        record.packed = wide(record.packed)
        record.header = wide(record.header)
      }
      field = end
    }
  }
}
