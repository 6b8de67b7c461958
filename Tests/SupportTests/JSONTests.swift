import Foundation
import Support
import Testing

struct JSONTests {
  private func parse(_ text: String) throws -> JSON {
    try JSON.parse(Data(text.utf8), from: "test")
  }

  @Test func readsEveryKind() throws {
    let json = try parse(#"{"a":[1,-2.5,true,null,"é\n\u00e9"],"b":{}, "c":1e3}"#)
    #expect(json == ["a": [1, -2.5, true, nil, "é\né"], "b": [:], "c": 1000.0])
    #expect(json["a"]?[0]?.int == 1)
    #expect(json["c"]?.double == 1000)
    #expect(json["a"]?[9] == nil)
    #expect(json["missing"] == nil)
  }

  @Test(arguments: [
    "", " ", "{", "[1,]", "{\"a\":1,}", "[1] x", "[1][2]", "NaN", "[NaN]", "[Infinity]",
    "[-Infinity]",
    "{'a':1}", "// no\n1", "/* no */ 1", "[1e999]", "[99999999999999999999]",
    "[-99999999999999999999]", "{\"a\":1,\"a\":2}", "{\"a\":1,\"\\u0061\":2}", "tru", "[01]",
    "\"ends", "{\"a\\u0000b\":1}", "[\"\u{1}", "[1.]", "[.5]", "[+1]", "[-]", "[1e]", "[True]",
  ])
  func refuses(_ text: String) { #expect(throws: InputError.self) { try parse(text) } }

  @Test func boundsDepth() throws {
    let nest = { (depth: Int) in
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    _ = try parse(nest(60))
    #expect(throws: InputError.self) { try parse(nest(66)) }
    #expect(throws: InputError.self) { try parse(String(repeating: "[", count: 1_000_000)) }
  }

  @Test func namesDuplicateKey() {
    let error = #expect(throws: InputError.self) {
      try parse(#"{"x":{"same":1},"y":[{"same":1,"a:\"b":2,"same":3}]}"#)
    }
    #expect(error?.errorDescription?.contains("'same'") == true)
  }

  @Test func refusesNulAndBrokenUTF8() {
    for bytes: [UInt8] in [[0x5b, 0x5d, 0x00], [0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22]] {
      #expect(throws: InputError.self) { try JSON.parse(Data(bytes), from: "test") }
    }
  }

  @Test func writesSortedAndExactly() throws {
    let json: JSON = [
      "b": [1, 0.1, 1e300, 2.5e-300], "a": ["z": nil, "é": "\u{1}\"\\/\n"], "c": [],
    ]
    #expect(
      json.text()
        == #"{"a":{"z":null,"é":"\u0001\"\\/\n"},"b":[1,0.1,1e+300,2.5e-300],"c":[]}"#)
    #expect(try parse(json.text(pretty: true)) == json)
    #expect(
      (["a": [1, true], "b": [:]] as JSON).text(pretty: true)
        == "{\n  \"a\": [\n    1,\n    true\n  ],\n  \"b\": {}\n}")
  }

  @Test func numbersSurviveTheRoundTrip() throws {
    var state: UInt64 = 42
    for _ in 0..<2000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      guard value.isFinite else { continue }
      let read = try parse("[" + JSON.number(value).text() + "]")
      #expect(read[0]?.double?.bitPattern == value.bitPattern)
    }
    for value in [Int.max, Int.min + 1, 0, -1] {
      #expect(try parse("[\(value)]")[0]?.int == value)
    }
  }

  /// Damaged text is refused or read, and never crashes.
  @Test func survivesDamage() throws {
    let source = Array(#"{"a":[1,-2.5e3,true,null,"x\u00e9\n"],"b":{"c":[[],{}]},"d":"ü"}"#.utf8)
    var state: UInt64 = 7
    let random = { (bound: Int) -> Int in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var accepted = 0
    for _ in 0..<20_000 {
      var bytes = source
      for _ in 0...random(3) {
        switch random(3) {
        case 0: bytes[random(bytes.count)] = UInt8(random(256))
        case 1: bytes.remove(at: random(bytes.count))
        default: bytes.insert(source[random(source.count)], at: random(bytes.count))
        }
      }
      guard let json = try? JSON.parse(Data(bytes), from: "test") else { continue }
      accepted += 1
      #expect(try parse(json.text()) == json)
    }
    #expect(accepted > 100)
  }
}
