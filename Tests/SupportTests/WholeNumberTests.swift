import Support
import Testing

struct WholeNumberTests {
  @Test func takesWhatIsWhole() throws {
    #expect(try Int(whole: 3.0, "a label", of: "f") == 3)
    #expect(try Int32(whole: -0x1p31, "a label", of: "f") == .min)
    #expect(try UInt64(whole: 0x1p63, "a seed", of: "f") == 1 << 63)
    #expect(try UInt8(whole: 255, "a level", of: "f") == 255)
    #expect(try Int(whole: Float(16_777_216), "a label", of: "f", in: 0...20_000_000) == 1 << 24)
  }

  @Test(arguments: [.infinity, -.infinity, .nan, 1e30, 0x1p63, -0x1.8p63, 0.5, 1e-300])
  func refusesWhatIsNot(value: Double) {
    #expect(throws: InputError.self) { try Int(whole: value, "a label", of: "f") }
    guard value != 1e-300 else { return }  // Zero as a float.
    #expect(throws: InputError.self) { try Int(whole: Float(value), "a label", of: "f") }
  }

  @Test func namesTheBounds() {
    let error = #expect(throws: InputError.self) {
      try Int32(whole: Int.max, "the step", of: "state", in: 0...9)
    }
    #expect(
      error?.errorDescription
        == "state: the step must be a whole number from 0 to 9, is 9223372036854775807")
    #expect(throws: InputError.self) { try UInt8(whole: 256, "a level", of: "f") }
    #expect(throws: InputError.self) { try Int(whole: UInt64.max, "a seed", of: "f") }
  }
}
