import Checkpoints
import Foundation
import Support
import Tensors
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
    // What torch.jit.freeze leaves: weights are constants of the code.
    let frozen = try message(ZipBuilder.bytes([empty, script]))
    #expect(frozen.contains("TorchScript") && frozen.contains("torch.jit.freeze moves weights"))
    let order = ZipBuilder.Entry(name: "a/byteorder", data: Array("middle".utf8))
    #expect(try message(ZipBuilder.bytes([empty, order])).contains("byte order"))
  }

  @Test func refusesADamagedDeflation() throws {
    let bad = ZipBuilder.Entry(name: "a/data.pkl", data: [1, 2, 3, 4], method: 8, unpacked: 100)
    #expect(try message(ZipBuilder.bytes([bad])).contains("does not unpack"))
  }

  /// NumPy and PyTorch check the checksums of what they read; PyTorch writes 0 where it was told to write none.
  @Test func checksChecksums() throws {
    let wrong = ZipBuilder.Entry(name: "a/data.pkl", data: [0x80, 2, 0x7d, 0x2e], checksum: 7)
    #expect(try message(ZipBuilder.bytes([wrong])).contains("checksum is wrong"))
    let none = ZipBuilder.Entry(name: "a/data.pkl", data: [0x80, 2, 0x7d, 0x2e], checksum: 0)
    #expect(try message(ZipBuilder.bytes([none])).contains("no tensors"))
  }

  /// A bit of the weights flips: in a stored entry of `.pth` and `.npz`, when it is read.
  @Test(arguments: [("formats/zip.pth", "brain"), ("formats/stored.npz", "whole")])
  func findsAFlippedBit(_ file: String, _ tensor: String) throws {
    let path = CheckpointGoldens.path(file)
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let archive = try openCheckpoint(path)
    let values = try archive.floats(tensor).array
    // Where its bytes lie: bfloat16 in the first file, 32-bit floats in the other.
    let stored: [UInt8] = values.flatMap { value -> [UInt8] in
      let bits = value.bitPattern
      let all = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      return tensor == "brain" ? Array(all[2...]) : all
    }
    let place = try #require(
      bytes.indices.first { bytes[$0...].starts(with: stored) })
    bytes[place] ^= 1
    let changed = folder.file(UUID().uuidString + "." + file.suffix(3))
    try Data(bytes).write(to: URL(fileURLWithPath: changed))
    let error = #expect(throws: InputError.self) { try openCheckpoint(changed).floats(tensor) }
    #expect(error?.problem.contains("checksum is wrong") == true)
  }

  @Test func readsFilesWithoutChecksums() throws {
    let archive = try openCheckpoint(CheckpointGoldens.path("everyday/no_checksums.pth"))
    #expect(try archive.floats("y").array == [0, 1, 2, 3])
  }
}
