import Foundation
import Support
import Testing

struct VisibleTests {
  /// Whatever could move, hide, reorder or break what stands beside it.
  private static let dangerous: [Unicode.Scalar] = [
    "\u{0}", "\u{7}", "\u{8}", "\t", "\n", "\r", "\u{b}", "\u{c}", "\u{1b}", "\u{7f}", "\u{80}",
    "\u{85}", "\u{9b}", "\u{9d}", "\u{9f}", "\u{ad}", "\u{61c}", "\u{200b}", "\u{200e}",
    "\u{200f}", "\u{2028}", "\u{2029}", "\u{202a}", "\u{202b}", "\u{202c}", "\u{202d}", "\u{202e}",
    "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}", "\u{feff}", "\u{e0001}",
  ]

  @Test(arguments: VisibleTests.dangerous)
  func nothingDangerousIsLeft(scalar: Unicode.Scalar) throws {
    let text = "a" + String(scalar) + "b"
    for shown in [
      Visible.text(text), Visible.line(text), InputError("f", text).errorDescription ?? "",
    ] {
      #expect(!shown.unicodeScalars.contains { Self.dangerous.contains($0) })
      #expect(shown.contains("\\u{\(String(scalar.value, radix: 16))}"))
    }
    let kept = Visible.lines(text).unicodeScalars.filter { Self.dangerous.contains($0) }
    #expect(kept.allSatisfy { $0 == "\n" })
    // JSON means the same afterwards.
    guard scalar != "\u{0}" else { return }
    let json = Visible.json(JSON.string(text).text())
    #expect(!json.unicodeScalars.contains { Self.dangerous.contains($0) })
    #expect(try JSON.parse(Data(json.utf8), from: "j") == .string(text))
  }

  @Test(arguments: ["Zürich", "東京", "مرحبا", "e\u{301}", "😀", "a # b ## c", "x::y", "[##]"])
  func honestTextStays(text: String) {
    #expect(Visible.line(text) == text && Visible.lines(text) == text)
  }

  /// GitHub trims white space before it looks for `::`, and finds `##[` anywhere.
  @Test(arguments: ["::error::x", "  ::error::x", "\u{a0}::x", "\u{2003}::x", ":::"])
  func noLineBeginsWithACommand(text: String) {
    for shown in [Visible.line(text), Visible.lines("a\n" + text), Visible.lines(text + "\r\n")] {
      for line in shown.split(separator: "\n") {
        let start = line.drop { $0.isWhitespace }
        #expect(!start.hasPrefix("::"))
      }
    }
  }

  @Test(arguments: ["##[error]x", "a ##[error]x", "###[x]", "##vso[task]x", "##teamcity[x]"])
  func olderCommandsAreBroken(text: String) throws {
    #expect(Visible.text(text).firstMatch(of: /##[a-z]*\[/) == nil)
    let json = Visible.json(JSON.string(text).text())
    #expect(json.firstMatch(of: /##[a-z]*\[/) == nil)
    #expect(try JSON.parse(Data(json.utf8), from: "j") == .string(text))
  }

  @Test func linesOfCSVStay() {
    #expect(Visible.lines("a,b\r\nc\rd,e\r\n") == "a,b\r\nc\\u{d}d,e\r\n")
  }

  @Test func bytesOfNamesAreShown() {
    #expect(Visible.line("data/" + String(systemBytes: [0x66, 0xe9])) == "data/f\\xE9")
  }
}
