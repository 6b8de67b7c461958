import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

/// Zip files that mean harm, or are damaged.
@Suite struct ZipTests {
  let folder = TemporaryFolder()

  private func message(_ bytes: [UInt8]) throws -> String {
    let path = folder.file(UUID().uuidString + ".pth")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let start = threadSeconds()
    let error = #expect(throws: InputError.self) { try openCheckpoint(path) }
    #expect(threadSeconds() - start < 2)
    return error?.errorDescription ?? ""
  }

  /// What `pickle.dumps({})` gives.
  private let empty = ZipBuilder.Entry(name: "a/data.pkl", data: [0x80, 2, 0x7d, 0x2e])

  @Test(arguments: [
    "../../etc/passwd", "/etc/passwd", "a/../../b", "a\\..\\b",
  ])
  func refusesNamesThatLeadOutside(_ name: String) throws {
    let bytes = ZipBuilder.bytes([empty, .init(name: name, data: [1])])
    #expect(try message(bytes).contains("leads outside"))
  }

  @Test func refusesEncryption() throws {
    let bytes = ZipBuilder.bytes([empty, .init(name: "a/data/0", data: [1], flags: 1)])
    #expect(try message(bytes).contains("is encrypted"))
  }

  @Test func refusesOtherCompressions() throws {
    let bytes = ZipBuilder.bytes([empty, .init(name: "a/data/0", data: [1], method: 14)])
    #expect(try message(bytes).contains("method 14"))
  }

  @Test func refusesABomb() throws {
    let bomb = ZipBuilder.Entry(
      name: "a/data/0", data: [UInt8](repeating: 0, count: 1000), method: 8, unpacked: 1 << 31)
    #expect(try message(ZipBuilder.bytes([empty, bomb])).contains("would unpack from 1000"))
    let liar = ZipBuilder.Entry(name: "b", data: [1, 2, 3], unpacked: 4)
    #expect(try message(ZipBuilder.bytes([empty, liar])).contains("two sizes"))
  }

  @Test func refusesOverlappingAndRepeatedEntries() throws {
    let twice = ZipBuilder.Entry(name: "a/x", data: [0x80, 2, 0x7d, 0x2e], header: 0)
    #expect(try message(ZipBuilder.bytes([empty, twice])).contains("overlap"))
    #expect(try message(ZipBuilder.bytes([empty, empty])).contains("twice"))
  }

  @Test func refusesOtherContent() throws {
    #expect(try message(ZipBuilder.bytes([.init(name: "x.txt", data: [1])])).contains("data.pkl"))
    #expect(try message(ZipBuilder.bytes([empty])).contains("no tensors"))
    let script = ZipBuilder.Entry(name: "a/constants.pkl", data: [1])
    #expect(try message(ZipBuilder.bytes([empty, script])).contains("TorchScript"))
    let order = ZipBuilder.Entry(name: "a/byteorder", data: Array("middle".utf8))
    #expect(try message(ZipBuilder.bytes([empty, order])).contains("byte order"))
  }

  @Test func refusesADamagedDeflation() throws {
    let bad = ZipBuilder.Entry(name: "a/data.pkl", data: [1, 2, 3, 4], method: 8, unpacked: 100)
    #expect(try message(ZipBuilder.bytes([bad])).contains("does not unpack"))
  }
}
