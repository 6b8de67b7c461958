import Checkpoints
import Foundation
import Support
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  let folder = TemporaryFolder()

  /// A safetensors file with the given header text and data.
  private func file(_ header: String, data: [UInt8] = [], claim: UInt64? = nil) throws -> String {
    var bytes = withUnsafeBytes(of: (claim ?? UInt64(header.utf8.count)).littleEndian) { Data($0) }
    bytes.append(Data(header.utf8))
    bytes.append(contentsOf: data)
    let path = folder.file(UUID().uuidString + ".safetensors")
    try bytes.write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func writesWhatItReads() throws {
    let path = folder.file("a.safetensors")
    let first = Tensor([2, 3], [1, -2, 3.5, 0, 1e-30, .infinity])
    let scalar = Tensor([], [7])
    try writeSafetensors(
      [("b.weight", first), ("a", scalar), ("empty", Tensor([0, 4]))], metadata: ["format": "pt"],
      to: path)
    let archive = try openCheckpoint(path)
    #expect(archive.format == "safetensors")
    #expect(Set(archive.names) == ["a", "b.weight", "empty"])
    #expect(archive.entry("b.weight")?.shape == [2, 3])
    #expect(archive.entry("b.weight")?.type == .float32)
    #expect(try archive.floats("b.weight").array == first.array)
    #expect(try archive.floats("a").array == [7])
    #expect(try archive.floats("empty").shape == [0, 4])
    #expect(archive.metadata["format"]?.string == "pt")
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect((8 + Int(data[0]) + Int(data[1]) << 8) % 64 == 0)
  }

  @Test func readsAFileOfTheReferenceImplementation() throws {
    let golden = try Golden("gelu")
    let archive = try openCheckpoint(packageFolder + "/Tests/Goldens/engine/gelu.safetensors")
    let tensor = try archive.floats("grid/input")
    #expect(tensor.array == golden.tensor("input", in: "grid").array)
  }

  /// A header of 384 bytes gives the file the first two bytes of a pickle.
  @Test func isNotTakenForAPickle() throws {
    var header = #"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
    header += String(repeating: " ", count: 384 - header.utf8.count)
    #expect(try openCheckpoint(file(header, data: [7])).floats("x").array == [7])
  }

  /// Every type, against values that are exact in it.
  @Test func convertsEveryType() throws {
    let cases: [(type: String, width: Int, bytes: [UInt8], values: [Float])] = [
      ("F64", 8, [0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0x80], [1.5, -0.0]),
      ("F16", 2, [0, 0x3e, 1, 0, 0, 0xfc, 0xff, 0x03], [1.5, 0x1p-24, -.infinity, 0x3ffp-24]),
      ("BF16", 2, [0xc0, 0x3f, 0x80, 0xff], [1.5, -.infinity]),
      ("I64", 8, [0xfe, 255, 255, 255, 255, 255, 255, 255], [-2]),
      ("I32", 4, [0xfe, 255, 255, 255], [-2]), ("I16", 2, [0xfe, 255], [-2]),
      ("I8", 1, [0xfe], [-2]), ("U8", 1, [0xfe], [254]), ("BOOL", 1, [0, 1], [0, 1]),
    ]
    for (type, width, bytes, values) in cases {
      let path = try file(
        #"{"x":{"dtype":"\#(type)","shape":[\#(bytes.count / width)],"data_offsets":[0,\#(bytes.count)]}}"#,
        data: bytes)
      #expect(try openCheckpoint(path).floats("x").array == values, "\(type)")
    }
  }

  static let refused: [(header: String, bytes: Int, words: String)] = [
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "ends at byte 8 of 4"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "places 8"),
    (#"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "does not take 8"),
    (#"{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}"#, 8, "F99"),
    (#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
    (
      #"{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0,
      "impossible shape"
    ),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "impossible offsets"),
    (#"{"x":{"dtype":"F32","shape":[2]}}"#, 8, "lacks"),
    (
      #"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
      12, "overlap"
    ),
    (
      #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
      12, "belong to no tensor"
    ),
    (
      #"{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#,
      2, "x"
    ),
    ("{", 0, "JSON"), ("{}{}", 0, "JSON"),
  ]

  @Test(arguments: refused)
  func refuses(_ header: String, bytes: Int, words: String) throws {
    let path = try file(header, data: [UInt8](repeating: 0, count: bytes))
    let error = #expect(throws: InputError.self) { try openCheckpoint(path) }
    #expect(error?.errorDescription?.contains(words) == true, "\(String(describing: error))")
  }

  @Test(arguments: [1 << 63, UInt64.max, 1 << 60, 100])
  func refusesAHeaderBeyondTheFile(_ claim: UInt64) throws {
    let path = try file("{}", claim: claim)
    let error = #expect(throws: InputError.self) { try openCheckpoint(path) }
    #expect(error?.problem.contains("claims \(claim) bytes") == true)
  }

  @Test func refusesAnUnwritablePlace() {
    #expect(throws: InputError.self) {
      try writeSafetensors([("x", Tensor([1]))], to: "/proc/none/x.safetensors")
    }
  }
}
