import Foundation
import Support
import TestSupport
import Testing

/// The reader for large files: strict, and exact in numbers.
@Suite struct JSONPullTests {
  private func reading<Value>(
    _ text: String, _ body: (inout JSONPull) throws -> Value
  ) throws -> Value {
    try Array(text.utf8).withUnsafeBytes { bytes in
      var json = JSONPull(bytes, subject: "x.json")
      return try body(&json)
    }
  }

  private func number(_ text: String) throws -> Double? { try reading(text) { try $0.number() } }

  /// The C library rounds correctly, and so must every way that a number can take here.
  @Test func numbersAreThoseOfTheCLibrary() throws {
    var random = RandomStream(seed: 1, purpose: "numbers")
    var texts = [
      "0", "-0", "0.0", "-0.0e5", "1e22", "1e23", "9007199254740993", "9007199254740993.0",
      "0.1", "1.7976931348623157e308", "1.8e308", "-1e400", "5e-324", "2e-324", "1e-400",
      "18446744073709551615", "18446744073709551616", "1844674407370955161.5",
      "123456789012345678901234567890", "0.000000000000000000000001", "8.5e-19", "1E+2", "1e-2",
      "2.2250738585072011e-308", "9007199254740992.5", "9007199254740994.5", "0.5000000000000001",
    ]
    for _ in 0..<20_000 {
      let digits = 1 + random.below(19)
      let whole = (0..<digits).map { _ in "\(random.below(10))" }.joined()
      let trimmed = whole.drop { $0 == "0" }
      let start = trimmed.isEmpty ? "0" : String(trimmed)
      let places = random.below(20)
      let fraction = (0..<places).map { _ in "\(random.below(10))" }.joined()
      var text = places == 0 ? start : start.prefix(1 + random.below(digits)) + "." + fraction
      if random.below(4) == 0 { text += "e\(random.below(60) - 30)" }
      texts.append(text)
      // Half of the bits of a double, written as Python writes it.
      let drawn = Double(bitPattern: random.next() >> 2)
      if drawn.isNormal { texts.append("\(Float(drawn).isFinite ? Double(Float(drawn)) : drawn)") }
    }
    for text in texts {
      let expected = strtod(text, nil)
      let value = try number(text)
      #expect(value?.bitPattern == expected.bitPattern, "\(text)")
    }
  }

  @Test(arguments: [
    "01", "1.", ".5", "1e", "--1", "NaN", "-Infinity", "+1", "true", "\"1\"", "",
  ])
  func whatIsNoNumberIsNone(text: String) throws {
    let value = try? number(text)
    #expect((value ?? nil) == nil)
  }

  @Test(arguments: [
    ("3", 3), ("3.0", 3), ("-4e1", -40), ("9223372036854775807", .max),
    ("-9223372036854775808", .min), ("9223372036854775808", nil), ("1.5", nil), ("1e300", nil),
    ("9007199254740993.0", 9_007_199_254_740_992), ("18014398509481984.0", nil),
  ])
  func wholeNumbersAreExact(text: String, expected: Int?) throws {
    #expect(try reading(text) { try $0.whole() } == expected)
  }

  @Test func valuesComeInOrder() throws {
    let text = #" { "a" : [1, {"b": null}, []], "c\u0021" : "x\ny", "d": true } "#
    let seen = try reading(text) { json in
      var seen: [String] = []
      guard try json.openObject() else { return seen }
      while let key = try json.nextKey() {
        seen.append(key.decoded)
        if key.equals("a") {
          guard try json.openArray() else { return seen }
          while try json.nextElement() {
            if let number = try json.number() { seen.append("\(number)") } else { try json.skip() }
          }
        } else if key.equals("c!") {
          seen.append(try json.string()?.decoded ?? "")
        } else {
          seen.append("\(try json.bool() ?? false)")
        }
      }
      try json.end()
      return seen
    }
    #expect(seen == ["a", "1.0", "c!", "x\ny", "d", "true"])
  }

  /// The tree reader is strict; both must agree on what is JSON.
  @Test(arguments: [
    "{}", "[]", "[1,]", "[,1]", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{\"a\":}", "{1:2}", "[1 2]",
    "[[]", "[]]", "[\"\\x\"]", "[\"\\u12g4\"]", "[\"\\u00e9\"]", "[\"a\tb\"]", "[tru]", "[nulll]",
    "[01]", "[1.e5]", "[-]", "[1e+]", "[\"é\"]", "{\"a\":{\"b\":[{}]}}", "[\"", "[\"\\", "[\"\\u1",
    "'a'", "[NaN]", "\u{feff}[]", "[1]x", " [ 1 , 2 ] \n",
  ])
  func grammarIsThatOfTheTree(text: String) throws {
    let isTree = (try? JSON.parse(Data(text.utf8), from: "x")) != nil
    let isPull =
      (try? reading(text) { json in
        try json.skip()
        try json.end()
        return true
      }) != nil
    #expect(isPull == isTree, "\(text)")
  }

  @Test func brokenTextIsRefused() throws {
    for bytes: [UInt8] in [[0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0x22, 0x41, 0x00, 0x22]] {
      #expect(throws: InputError.self) {
        try bytes.withUnsafeBytes { bytes in
          var json = JSONPull(bytes, subject: "x")
          try json.skip()
        }
      }
    }
    let deep = String(repeating: "[", count: 100_000)
    let error = try #require(throws: InputError.self) { try reading(deep) { try $0.skip() } }
    #expect(Log.line(for: error).contains("nested deeper than 64"))
  }
}
