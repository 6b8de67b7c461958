import Checkpoints
import Foundation
import Support
import TestSupport
import Testing

@testable import Pretraining
@testable import Training

/// States that a resumed run must not take on trust.
@Suite struct TrainingStateTests {
  private let folder = TemporaryFolder()

  private func options(_ name: String, epochs: Int = 2) -> PretrainingOptions {
    var options = PretrainingOptions()
    options.data = "scenes?side=16&train=64&test=10"
    options.encoder = "vit-tiny/4@16"
    options.out = folder.file(name)
    options.batchSize = 32
    options.epochs = epochs
    options.threads = 1
    options.assignments = ["decoder.width=32"]
    return options
  }

  private func resume(_ name: String) throws -> CheckpointFolder {
    var options = options(name)
    options.resume = true
    return try pretrain("mae-tiny", options)
  }

  /// Changes the state, resumes, and expects one line and the model as it was.
  private func expectRefusal(
    _ words: String, location: SourceLocation = #_sourceLocation,
    of change: (inout Data) throws -> Void
  ) throws {
    let name = UUID().uuidString
    let checkpoint = try pretrain("mae-tiny", options(name))
    let model = try SHA256.hex(ofFile: checkpoint.modelPath)
    var state = try MappedFile(checkpoint.statePath).data
    try change(&state)
    try AtomicFile.write(state, to: checkpoint.statePath)
    let error = #expect(throws: InputError.self, sourceLocation: location) {
      _ = try resume(name)
    }
    #expect(
      error?.errorDescription?.contains(words) == true, "\(String(describing: error))",
      sourceLocation: location)
    #expect(try SHA256.hex(ofFile: checkpoint.modelPath) == model, sourceLocation: location)
  }

  /// The header of a safetensors file as text, and where the tensors begin.
  private func header(_ state: Data) -> (text: String, end: Int) {
    let length = state.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    return (String(decoding: state[8..<8 + length], as: UTF8.self), 8 + length)
  }

  /// Replaces text in the header, keeping its length: the header is padded with spaces.
  private func replace(_ old: String, _ new: String, in state: inout Data) throws {
    let (text, end) = header(state)
    let range = try #require(text.range(of: old))
    var changed = Data(text.replacingCharacters(in: range, with: new).utf8)
    let length = end - 8
    while changed.count > length, changed.last == 0x20 { changed.removeLast() }
    while changed.count % 64 != length % 64 { changed.append(0x20) }
    var prefix = UInt64(changed.count).littleEndian
    state = withUnsafeBytes(of: &prefix) { Data($0) } + changed + state[end...]
  }

  @Test func aFlippedBitIsFound() throws {
    for place in [0.0, 0.37, 0.99] {
      try expectRefusal("its checksum differs") { state in
        let end = header(state).end
        state[end + Int(place * Double(state.count - end))] ^= 1
      }
    }
  }

  @Test func numbersThatAreNotFiniteAreFound() throws {
    // With the checksum of an earlier version, which had none, only the numbers tell.
    for bits in [UInt32(0x7fc0_0000), 0x7f80_0000, 0xff80_0000] {
      try expectRefusal("not finite") { state in
        try replace("unmask.state/2", "unmask.state/1", in: &state)
        let end = header(state).end
        withUnsafeBytes(of: bits.littleEndian) {
          state.replaceSubrange(end + 4..<end + 8, with: $0)
        }
      }
    }
  }

  @Test(arguments: ["5", "-1", "9223372036854775807", "9223372036854775808", "1e3", "nan", ""])
  func aStepOutsideTheScheduleIsFound(step: String) throws {
    try expectRefusal("its step is not one of the 4 of the run") { state in
      try replace("\"step\":\"4\"", "\"step\":\"\(step)\"", in: &state)
    }
  }

  @Test(arguments: ["nan", "inf", "-1", "x"])
  func secondsAreANumber(seconds: String) throws {
    try expectRefusal("its step is not one") { state in
      let text = header(state).text
      let old = try #require(text.firstMatch(of: /"seconds":"[^"]*"/)).0
      try replace(String(old), "\"seconds\":\"\(seconds)\"", in: &state)
    }
  }

  @Test(arguments: ["9223372036854775807", "1e300", "-1", "0.5", "7"])
  func theCurveFitsTheStep(count: String) throws {
    try expectRefusal("curve") { state in
      try replace("\\\"steps\\\":0", "\\\"steps\\\":\(count)", in: &state)
    }
  }

  @Test func anEpochOfTheCurveCannotBeMissing() throws {
    try expectRefusal("its curve does not fit") { state in
      try replace("\\\"epoch\\\":2", "\\\"epoch\\\":3", in: &state)
    }
  }

  /// Killed between the last step of an epoch and its end, as earlier versions could be.
  @Test func anEpochThatWasNotClosedIsClosed() throws {
    var curve = TrainingCurve()
    curve.add(loss: 1, gradientNorm: 2)
    curve.add(loss: 3, gradientNorm: 4)
    #expect(curve.isFull(epoch: 2) && curve.steps(epoch: 2) == 2)
    let read = try TrainingCurve(curve.json, "state")
    #expect(read.isFull(epoch: 2) && read.points.isEmpty)
    var closed = read
    closed.endEpoch(1, learningRate: 0.5)
    #expect(closed.points.map(\.loss) == [2] && closed.steps(epoch: 2) == 2)
  }

  /// The whole state holds a closed epoch wherever a run may have been stopped.
  @Test func aResumedRunKeepsItsCurve() throws {
    let whole = try pretrain("mae-tiny", options("whole")).training()?["curve"]
    #expect(whole?.array?.count == 2)
    #expect(try resume("whole").training()?["curve"] == whole)
  }

  @Test func aFolderInUseIsRefused() throws {
    let name = folder.file("used")
    try FolderLock.holding(name) {
      let error = #expect(throws: InputError.self) { try pretrain("mae-tiny", options("used")) }
      #expect(error?.problem == "is in use by another run")
    }
    _ = try pretrain("mae-tiny", options("used"))
  }
}
