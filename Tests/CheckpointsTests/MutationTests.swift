import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

/// Damaged files never crash, hang or take much memory: they open, or give an `InputError`.
///
/// Deterministic: bytes of small real files are changed, removed, repeated or replaced by telling values, by
/// a stream of random numbers with a fixed seed.
@Suite struct MutationTests {
  let folder = TemporaryFolder()
  static let formats = packageFolder + "/Tests/Goldens/checkpoints/formats/"

  /// Opens the file and reads every tensor; anything but an `InputError` fails the test.
  private func read(_ path: String) {
    do {
      let archive = try openCheckpoint(path)
      for name in archive.names { _ = try archive.floats(name) }
    } catch is InputError {
    } catch {
      Issue.record("\(error)")
    }
  }

  @Test(arguments: [
    "types.safetensors", "zip.pth", "legacy.th", "big_endian_deflated.pt", "protocol4.pt",
    "protocol5.pt", "stored.npz", "deflated.npz", "array.npy", "../everyday/tensors2.pkl",
    "../everyday/opaque2.ckpt", "../everyday/odd.pth",
  ])
  func survives(_ file: String) throws {
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.formats + file)))
    let path = folder.file(file.fileName)
    for round in 0..<2400 {
      var random = RandomStream(seed: 20_260_101, purpose: "mutate \(file)", round)
      var bytes = original
      for _ in 0...random.below(4) { mutate(&bytes, &random) }
      try write(bytes, to: path)
      read(path)
    }
  }

  @Test(arguments: ["types.safetensors", "zip.pth", "legacy.th", "deflated.npz"])
  func survivesTruncation(_ file: String) throws {
    let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.formats + file)))
    let path = folder.file(file)
    for percent in 0..<100 {
      try write(Array(original.prefix(original.count * percent / 100)), to: path)
      let error = #expect(throws: InputError.self, "\(percent) %") { try openCheckpoint(path) }
      #expect(error?.errorDescription?.contains("\n") == false)
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout RandomStream) {
    guard !bytes.isEmpty else { return }
    let place = random.below(bytes.count)
    let telling: [UInt8] = [0, 1, 0x7f, 0x80, 0xff, 0x2e, 0x29, 0x52, 0x62, 0x68, 0x71, 0x75, 0x85]
    switch random.below(6) {
    case 0: bytes[place] ^= UInt8(1 << random.below(8))
    case 1: bytes[place] = telling[random.below(telling.count)]
    case 2: bytes[place] = UInt8(random.below(256))
    case 3:
      let end = min(bytes.count, place + 1 + random.below(8))
      bytes.removeSubrange(place..<end)
    case 4:
      let end = min(bytes.count, place + 1 + random.below(32))
      bytes.insert(contentsOf: bytes[place..<end], at: random.below(bytes.count))
    default:
      for index in place..<min(bytes.count, place + 8) {
        bytes[index] = random.below(2) == 0 ? 0xff : 0x7f
      }
    }
  }

  /// Plain writing: a sync for each of twenty thousand files would take minutes.
  private func write(_ bytes: [UInt8], to path: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }
}
