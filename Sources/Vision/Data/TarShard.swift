import CArchive
import Foundation
import Support

/// The files of a tar archive, mapped into memory.
struct TarShard: Sendable {
  /// One file of the archive.
  struct Entry: Sendable {
    let name: String
    let range: Range<Int>
  }

  let file: MappedFile
  let entries: [Entry]

  /// Lists the archive at `path`; contents stay where they are.
  /// - Throws: `InputError` when it is damaged, ends early or is compressed.
  init(_ path: String) throws {
    let file = try MappedFile(path)
    if unsafe ForeignFormat([UInt8](file.bytes.prefix(imageFormatPrefix)))?.what == "gzipped" {
      throw InputError(path, "is compressed", "unpack it to .tar: pictures gain nothing by it")
    }
    self.file = file
    let list = EntryList()
    var message = [CChar](repeating: 0, count: Int(UK_TAR_MESSAGE_SIZE))
    let failed = withExtendedLifetime((file, list)) {
      unsafe uk_tar_visit(
        file.bytes.bindMemory(to: UInt8.self).baseAddress, file.count,
        { context, name, length, offset, size in
          guard let context = unsafe context, let name = unsafe name else { return }
          let list = unsafe Unmanaged<EntryList>.fromOpaque(context).takeUnretainedValue()
          let bytes = unsafe UnsafeRawBufferPointer(start: name, count: length)
          unsafe list.entries.append(
            Entry(name: FileNameText.text(of: Array(bytes)), range: offset..<offset + size))
        }, unsafe Unmanaged.passUnretained(list).toOpaque(), &message)
    }
    guard failed == 0 else {
      throw InputError(path, "is no whole tar archive: \(text(of: message))", "fetch it again")
    }
    entries = list.entries
  }

  /// The bytes of a file of the archive; valid as long as `body` runs.
  func withBytes<Result>(_ entry: Entry, _ body: (Data) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(file) {
      try body(file.unownedData.subdata(in: entry.range))
    }
  }
}

/// What the visitor in C collects.
private final class EntryList {
  var entries: [TarShard.Entry] = []
}
