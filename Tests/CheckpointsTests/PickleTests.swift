import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

/// Pickles that mean harm, or are damaged.
@Suite struct PickleTests {
  let folder = TemporaryFolder()

  /// What opening a file with these bytes says.
  private func message(_ bytes: [UInt8]) throws -> String {
    let path = folder.file(UUID().uuidString + ".pth")
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let start = threadSeconds()
    let error = #expect(throws: InputError.self) { try openCheckpoint(path) }
    #expect(threadSeconds() - start < 2)
    return error?.errorDescription ?? ""
  }

  /// A protocol 2 pickle of the given instructions.
  private func pickle(_ parts: [UInt8]...) -> [UInt8] { [0x80, 2] + parts.joined() + [0x2e] }
  private func ascii(_ text: String) -> [UInt8] { Array(text.utf8) }
  private func word(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian, Array.init)
  }

  @Test(arguments: [
    ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("__builtin__", "getattr"),
    ("subprocess", "Popen"), ("torch.storage", "_load_from_bytes"), ("omegaconf", "os.system"),
    ("omegaconf.base", "import_module"), ("sys", "exit"), ("importlib", "import_module"),
    ("builtins", "exec"), ("runpy", "run_path"), ("nt", "system"), ("shutil", "rmtree"),
    ("numpy.testing._private.utils", "runstring"), ("torch.utils", "os.system"),
    ("types", "FunctionType"), ("marshal", "loads"), ("builtins", "compile"), ("pty", "spawn"),
  ])
  func refusesGlobalsByName(_ module: String, _ name: String) throws {
    let called = pickle(
      ascii("c\(module)\n\(name)\n"), ascii("(X"), word(2), ascii("id"), ascii("tR"))
    #expect(try message(called).contains("global '\(module).\(name)' is not allowed"))
    let stacked: [UInt8] =
      [0x80, 4, 0x8c, UInt8(module.utf8.count)] + ascii(module) + [0x8c, UInt8(name.utf8.count)]
      + ascii(name) + [0x93, 0x29, 0x52, 0x2e]
    #expect(try message(stacked).contains("global '\(module).\(name)' is not allowed"))
  }

  @Test func refusesInstructionsThatCheckpointsDoNotUse() throws {
    #expect(try message(pickle([0x82, 1])).contains("extension1 is not allowed"))
    #expect(try message(pickle(ascii("(ios\nsystem\n"))).contains("inst is not allowed"))
    #expect(try message(pickle([0x97])).contains("nextBuffer is not allowed"))
    #expect(try message(pickle([0xff])).contains("no instruction 255"))
    #expect(try message([0x80, 2, 0x80, 9]).contains("protocol 9"))
  }

  @Test func refusesAMillionNestedTuples() throws {
    let deep = [UInt8](repeating: 0x85, count: 1_000_000)
    #expect(try message(pickle([0x29], deep)).contains("nested more than"))
    let lists = (0..<1_000_000).flatMap { _ -> [UInt8] in [0x5d] }
    let appends = [UInt8](repeating: 0x61, count: 999_999)
    #expect(!(try message(pickle(lists, appends)).isEmpty))
  }

  /// `l = []; l.append(l)`, and the same through a dictionary, inside a checkpoint.
  @Test func refusesCycles() throws {
    let magic: [UInt8] = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]
    let version: [UInt8] = [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e]
    let system = pickle([0x7d])
    let noKeys = pickle([0x5d])
    let list = pickle([0x5d, 0x71, 0, 0x68, 0, 0x61])
    #expect(try message(magic + version + system + list + noKeys).contains("contains itself"))
    let dictionary = pickle([0x7d, 0x71, 0], [0x55, 1, 0x61], [0x68, 0, 0x73])
    #expect(try message(magic + version + system + dictionary + noKeys).contains("contains itself"))
  }

  /// Thirty lists of the list before, twice: 2³⁰ paths in a hundred bytes.
  @Test func refusesExponentialSharing() throws {
    let magic: [UInt8] = [
      0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]
    let version: [UInt8] = [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e]
    var body: [UInt8] = [0x5d, 0x71, 0]
    for level in UInt8(1)...30 { body += [0x68, level - 1, 0x68, level - 1, 0x86, 0x71, level] }
    let bomb = magic + version + pickle([0x7d]) + pickle(body) + pickle([0x5d])
    #expect(try message(bomb).contains("too many values"))
  }

  @Test func refusesImpossibleLengths() throws {
    #expect(try message(pickle([0x58, 0xff, 0xff, 0xff, 0x7f])).contains("ends early"))
    #expect(try message(pickle([0x8d] + [UInt8](repeating: 0xff, count: 8))).contains("impossible"))
    #expect(try message(pickle([0x4e, 0x72, 0xff, 0xff, 0xff, 0x7f])).contains("memo entry"))
    #expect(try message(pickle([0x6a, 0xff, 0xff, 0, 0])).contains("memo entry"))
    #expect(try message(pickle([0x8b, 0xff, 0xff, 0xff, 0xff])).contains("impossible"))
  }

  @Test func refusesAnEmptyStack() throws {
    for code: UInt8 in [
      0x30, 0x31, 0x32, 0x52, 0x62, 0x61, 0x65, 0x73, 0x75, 0x74, 0x85, 0x86, 0x87, 0x51, 0x81,
      0x93, 0x2e,
    ] {
      #expect(!(try message(pickle([code])).isEmpty), "instruction \(code)")
    }
  }

  @Test func refusesAPlainPickle() throws {
    #expect(try message(pickle([0x4b, 1])).contains("plain pickle that holds no tensors"))
  }

  /// Classes of which nothing is known are data: no call, no tensor.
  @Test(arguments: [
    ("torchvision.models.resnet", "ResNet"), ("project.losses", "Loss"), ("builtins", "len"),
    ("__builtin__", "xrange"), ("operator", "attrgetter"), ("datetime", "datetime"),
  ])
  func takesUnknownClassesForData(_ module: String, _ name: String) throws {
    let called = pickle(
      ascii("c\(module)\n\(name)\n"), ascii("(X"), word(2), ascii("id"), ascii("tR"))
    #expect(try message(called).contains("holds no tensors"))
  }

  /// A storage in a storage in a storage: pickles of pickles are read one level deep.
  @Test func refusesStoragesInsideStorages() throws {
    let inner = pickle(
      ascii("ctorch.storage\n_load_from_bytes\n"), ascii("("), [0x55, 1, 0x41], ascii("tR"))
    let outer = pickle(
      ascii("ctorch.storage\n_load_from_bytes\n"), ascii("("), [0x55, UInt8(inner.count)], inner,
      ascii("tR"))
    #expect(!(try message(outer).isEmpty))
  }

  @Test func namesJoblib() throws {
    let file = pickle(ascii("cjoblib.numpy_pickle\nNumpyArrayWrapper\n"), [0x29, 0x81])
    #expect(try message(file).contains("joblib"))
  }
}
