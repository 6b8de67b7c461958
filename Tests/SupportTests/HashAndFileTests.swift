import Foundation
import Support
import TestSupport
import Testing

struct HashAndFileTests {
  private let folder = TemporaryFolder()

  /// FIPS 180-4 examples.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
  ])
  func knownHashes(text: String, hex: String) { #expect(SHA256.hex(of: text) == hex) }

  @Test func hashesFilesInPieces() throws {
    let path = folder.file("million")
    try AtomicFile.write(Data(repeating: UInt8(ascii: "a"), count: 1_000_000), to: path)
    let hex = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    #expect(try SHA256.hex(ofFile: path) == hex)
    #expect(throws: InputError.self) { try SHA256.hex(ofFile: folder.file("absent")) }
    #expect(throws: InputError.self) { try SHA256.hex(ofFile: folder.path) }
  }

  @Test func copiesAreIndependentAndHexDoesNotEnd() {
    var first = SHA256()
    first.update("a")
    var second = first
    second.update("x")
    #expect(first.hex() == SHA256.hex(of: "a"))
    first.update("bc")
    #expect(first.hex() == SHA256.hex(of: "abc"))
    #expect(second.hex() == SHA256.hex(of: "ax"))
  }

  @Test func mapsFiles() throws {
    try AtomicFile.write("hello", to: folder.file("a"))
    try AtomicFile.write("", to: folder.file("empty"))
    let file = try MappedFile(folder.file("a"))
    #expect(Data(file.bytes) == Data("hello".utf8) && file.count == 5)
    #expect(try MappedFile(folder.file("empty")).count == 0)
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    for name in ["absent", "pipe", "."] {
      #expect(throws: InputError.self) { try MappedFile(folder.file(name)) }
    }
  }

  /// A change in place is found as long as somebody holds the file, small or large.
  ///
  /// In a process of its own: all files that are open count, also those of other tests.
  @Test func contentChangedInPlaceIsFound() async {
    await #expect(processExitsWith: .success) {
      let folder = TemporaryFolder()
      for size in [5, 3 << 20] {
        let path = folder.file("weights \(size)")
        try AtomicFile.write(Data(count: size), to: path)
        let file = try MappedFile(path)
        try MappedFile.checkAllUnchanged()
        // File systems count time in ticks of some milliseconds.
        usleep(50_000)
        let handle = FileHandle(forWritingAtPath: path)
        try handle?.write(contentsOf: Data([1]))
        let error = #expect(throws: InputError.self) { try MappedFile.checkAllUnchanged() }
        guard error?.subject == path, error?.endsRun == true else { exit(1) }
        withExtendedLifetime(file) {}
      }
      // A new file under the old name does not matter to whoever holds the old one.
      try AtomicFile.write(Data(count: 3 << 20), to: folder.file("weights"))
      let file = try MappedFile(folder.file("weights"))
      try AtomicFile.write("other", to: folder.file("weights"))
      try MappedFile.checkAllUnchanged()
      withExtendedLifetime(file) {}
    }
  }

  /// The reader of a mapped file that shrinks would die of SIGBUS.
  @Test func aMappedFileThatShrinksEndsTheProcessWithALine() async throws {
    await #expect(processExitsWith: .exitCode(2)) {
      let folder = TemporaryFolder()
      let path = folder.file("large")
      try AtomicFile.write(Data(count: 8 << 20), to: path)
      let file = try MappedFile(path)
      truncate(path, 4096)
      _ = SHA256.hex(of: file.data)
    }
  }

  @Test func hashingRefusesPipesAndDevices() throws {
    #expect(mkfifo(folder.file("fifo"), 0o600) == 0)
    for path in [folder.file("fifo"), "/dev/zero", folder.path] {
      #expect(throws: InputError.self) { try SHA256.hex(ofFile: path) }
    }
  }

  /// `printf 'hello hello hello\n' | gzip -n`, by gzip 1.12.
  private let zipped = Data([
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57,
    0xc8, 0x40, 0x90, 0x5c, 0x00, 0x3b, 0x7c, 0x8a, 0xdf, 0x12, 0x00, 0x00, 0x00,
  ])

  @Test func unpacks() throws {
    let text = Data("hello hello hello\n".utf8)
    #expect(try gunzip(zipped, limit: 18, subject: "a.gz") == text)
    #expect(try gunzip(zipped + zipped, limit: 100, subject: "a.gz") == text + text)
  }

  /// Content larger than the pieces in which it is unpacked, in members of several sizes.
  @Test func unpacksInPieces() throws {
    var random = RandomStream(seed: 1, purpose: "gzip")
    let texts = [700_000, 1, 262_144, 3].map { size in
      Data((0..<size).map { _ in UInt8(random.below(7)) })
    }
    let folder = TemporaryFolder()
    var packed = Data()
    for text in texts {
      try AtomicFile.write(text, to: folder.file("a"))
      let gzip = Process()
      gzip.executableURL = URL(filePath: "/bin/gzip")
      gzip.arguments = ["-nf", folder.file("a")]
      try gzip.run()
      gzip.waitUntilExit()
      packed += try Data(contentsOf: URL(filePath: folder.file("a.gz")))
    }
    let whole = texts.reduce(Data(), +)
    #expect(try gunzip(packed, limit: whole.count, subject: "a.gz") == whole)
    for count in [1, 16, 262_144, 700_000, 700_001, 962_147] {
      let start = try gunzipPrefix(packed, count: count, subject: "a.gz")
      #expect(start.elementsEqual(whole.prefix(count)), "\(count)")
    }
    #expect(try gunzipPrefix(packed, count: 2_000_000, subject: "a.gz").count == whole.count)
  }

  @Test func refusesDamagedAndHugeArchives() throws {
    #expect(throws: InputError("a.gz", "unpacks to more than 17 bytes")) {
      try gunzip(zipped, limit: 17, subject: "a.gz")
    }
    for length in 0..<zipped.count {
      #expect(throws: InputError.self) {
        try gunzip(zipped.prefix(length), limit: 100, subject: "a.gz")
      }
    }
    for index in [0, 1, 2, 12, 14, 21, 24] {
      var damaged = zipped
      damaged[index] ^= 0x55
      #expect(throws: InputError.self) { try gunzip(damaged, limit: 100, subject: "a.gz") }
    }
    #expect(throws: InputError.self) { try gunzip(zipped + Data([1]), limit: 100, subject: "a") }
  }
}
