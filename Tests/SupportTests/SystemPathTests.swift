import Foundation
import Support
import TestSupport
import Testing

struct SystemPathTests {
  private let folder = TemporaryFolder()

  /// Text, halves of characters, surrogates, overlong forms, and the code points that stand for bytes.
  @Test(
    arguments: [
      [], [0x61], [0xe9], [0x66, 0xc3, 0xa9], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98, 0x80],
      [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0xaf], [0xff, 0xfe], [0xf4, 0x8f, 0xbf, 0xa9],
      [0xf4, 0x8f, 0xbf, 0xbf], [0xee, 0xbe, 0x80], [0xee, 0xbf, 0xbf, 0x61], [0x65, 0xcc, 0x81],
    ] as [[UInt8]])
  func everyNameComesBack(bytes: [UInt8]) {
    let text = String(systemBytes: bytes)
    #expect(text.systemBytes == bytes)
    #expect(
      Array(text.utf8).withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) } == text)
    let name = bytes.map { CChar(bitPattern: $0) } + [0]
    #expect(name.withUnsafeBufferPointer { $0.baseAddress.map { String(systemName: $0) } } == text)
  }

  @Test func textIsItself() {
    let text = "Zürich/東京/😀"
    #expect(String(systemBytes: Array(text.utf8)) == text)
    #expect(text.withSystemPath { String(cString: $0) } == text)
  }

  /// It must not stand for the file whose name ends at the NUL.
  @Test func aNameWithANulIsNoFile() throws {
    try AtomicFile.write("x", to: folder.file("a"))
    #expect(FileSystem.exists(folder.file("a")))
    #expect(!FileSystem.exists(folder.file("a\u{0}b")))
    #expect(throws: InputError.self) { try MappedFile(folder.file("a\u{0}b")) }
  }

  @Test func foldersAreListedInByteOrder() throws {
    for name in ["b", "a", "Z", ".h", "é"] { try AtomicFile.write("", to: folder.file(name)) }
    #expect(try FileSystem.names(in: folder.path) == [".h", "Z", "a", "b", "é"])
    #expect(throws: InputError.self) { try FileSystem.names(in: folder.file("absent")) }
  }

  @Test func removesAFolderButNotWhatItsLinksLeadTo() throws {
    try AtomicFile.write("x", to: folder.file("kept/file"))
    try AtomicFile.write("x", to: folder.file("gone/below/file"))
    #expect(symlink(folder.file("kept"), folder.file("gone/link")) == 0)
    try FileSystem.removeFolder(folder.file("gone"))
    #expect(try FileSystem.names(in: folder.path) == ["kept"])
    #expect(FileSystem.isFile(folder.file("kept/file")))
  }

  @Test func pathsFromTheRoot() {
    #expect("/a/./b/../c/".absolutePath == "/a/c")
    #expect("x".absolutePath == FileManager.default.currentDirectoryPath + "/x")
    #expect("/..".absolutePath == "/")
  }
}
