import Foundation
import Support
import Testing

struct FieldsTests {
  private func line(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch {
      return Log.line(for: error)
    }
  }

  private struct Recipe {
    var ratio = 0.0
    var epochs = 0
    var kind = ""
    var sizes: [Int] = []

    init(_ fields: Fields) throws {
      epochs = try fields.take("epochs", default: 10, in: 1..., "passes over the data")
      sizes = try fields.take("sizes", default: [1, 2], in: 1...8, "block sizes")
      let mask = try fields.takeFields("mask", shorthand: "kind", "what is hidden")
      kind = try mask.takeChoice("kind", of: ["random", "block"], default: "random")
      ratio = try mask.take("ratio", default: 0.75, in: 0...1, "share of patches hidden")
      try fields.finish()
    }
  }

  @Test func readsValuesAndDefaults() throws {
    let fields = try Fields(yaml: "epochs: 3\nmask:\n  ratio: 1e-1\n", file: "a.yaml")
    let recipe = try Recipe(fields)
    #expect(recipe.epochs == 3 && recipe.ratio == 0.1 && recipe.kind == "random")
    #expect(recipe.sizes == [1, 2])
    #expect(
      fields.resolved
        == ["epochs": 3, "sizes": [1, 2], "mask": ["kind": "random", "ratio": 0.1]])
  }

  @Test func acceptsShorthandAndSingleElement() throws {
    let recipe = try Recipe(Fields(yaml: "mask: block\nsizes: 4", file: "a.yaml"))
    #expect(recipe.kind == "block" && recipe.sizes == [4])
  }

  @Test func readsJSON() throws {
    let recipe = try Recipe(Fields(json: ["epochs": 5.0, "mask": nil], file: "a.json"))
    #expect(recipe.epochs == 5)
  }

  @Test(arguments: [
    ("epochs: 0", "a.yaml:1: epochs must be at least 1, is 0"),
    ("\nepochs: many", "a.yaml:2: epochs must be an integer, is 'many'"),
    ("epochs: '3'", "a.yaml:1: epochs must be an integer, is '3'"),
    ("epochs: 1.5", "a.yaml:1: epochs must be an integer, is '1.5'"),
    ("mask:\n  ratio: 2", "a.yaml:2: mask.ratio must be from 0 to 1, is 2.0"),
    ("mask:\n  ratio: .nan", "a.yaml:2: mask.ratio must be a number, is '.nan'"),
    ("mask:\n\n  raito: 1", "a.yaml:3: unknown key 'raito' in mask; did you mean 'ratio'?"),
    ("epoch: 1", "a.yaml:1: unknown key 'epoch'; did you mean 'epochs'?"),
    ("mask: {kind: blok}", "a.yaml:1: mask.kind: no 'blok'; did you mean 'block'?"),
    ("mask: [1]", "a.yaml:1: mask must be a mapping of keys to values, is a list"),
    ("sizes: [1, 9]", "a.yaml:1: sizes must be from 1 to 8, is 9"),
    ("- 1", "a.yaml:1: must be a mapping of keys to values, is a list"),
    ("epochs: 1\nepochs: 2", "a.yaml:1: the key 'epochs' occurs twice; remove one of them"),
  ])
  func namesTheMistake(yaml: String, message: String) {
    #expect(line { _ = try Recipe(Fields(yaml: yaml, file: "a.yaml")) } == message)
  }

  @Test(arguments: ["a: [", "a: b: c", "\t- x: [", "a: *nothing", "\u{1}", "a: 'x"])
  func refusesBrokenYAML(_ yaml: String) {
    #expect(throws: InputError.self) { try Fields(yaml: yaml, file: "a.yaml") }
  }

  @Test func refusesHostileYAML() {
    var bomb = "a0: &a0 [x]\n"
    for level in 1..<40 {
      let name = "*a\(level - 1)"
      bomb += "a\(level): &a\(level) [\(name), \(name), \(name), \(name), \(name)]\n"
    }
    #expect(throws: InputError.self) { try Fields(yaml: bomb, file: "a.yaml") }
    let deep = String(repeating: "[", count: 500_000)
    #expect(throws: InputError.self) { try Fields(yaml: deep, file: "a.yaml") }
    let wide = "a: [" + String(repeating: "1,", count: 600_000) + "]"
    #expect(throws: InputError.self) { try Fields(yaml: wide, file: "a.yaml") }
  }

  @Test func overridesValues() throws {
    let fields = try Fields(yaml: "epochs: 3", file: "a.yaml")
    try fields.override("mask.ratio=0.5")
    try fields.override("epochs=7")
    try fields.override("sizes=[3, 4]")
    let recipe = try Recipe(fields)
    #expect(recipe.ratio == 0.5 && recipe.epochs == 7 && recipe.sizes == [3, 4])
  }

  @Test(arguments: [
    ("mask.raito=1", "--set mask.raito: there is no such setting; did you mean 'mask.ratio'?"),
    ("masc.ratio=1", "--set masc.ratio: there is no such setting; did you mean 'mask.ratio'?"),
    ("mask.ratio=7", "--set mask.ratio: mask.ratio must be from 0 to 1, is 7.0"),
    ("epochs.x=7", "--set epochs.x: has no 'x': the value there is '3', not a mapping"),
    ("epochs", "--set epochs: has no '='; write it like mask.ratio=0.5"),
    ("a..b=1", "--set a..b: is no path of keys; write it like mask.ratio=0.5"),
  ])
  func namesTheWrongOverride(assignment: String, message: String) throws {
    let fields = try Fields(yaml: "epochs: 3", file: "a.yaml")
    let text = line {
      try fields.override(assignment)
      _ = try Recipe(fields)
    }
    #expect(text == message)
  }

  @Test func overridesByOptionsOfTheirOwn() throws {
    let fields = try Fields(yaml: "epochs: 3", file: "a.yaml")
    try fields.override(path: "mask.kind", value: "x: # [", option: "--mask")
    #expect(line { _ = try Recipe(fields) }.hasPrefix("--mask: mask.kind: no 'x: # ['"))
    try fields.override(path: "epochs", value: 0, option: "--epochs")
    #expect(line { _ = try Recipe(fields) } == "--epochs: epochs must be at least 1, is 0")
  }

  @Test func readsListsOfMappings() throws {
    let fields = try Fields(yaml: "losses:\n- kind: mse\n- {kind: ce, wight: 2}", file: "a.yaml")
    try fields.override("losses.0.kind=l1")
    let losses = try fields.takeFieldsList("losses")
    let kinds = try losses.map { fields in
      _ = try fields.take("weight", default: 1.0, in: 0..., "its share")
      return try fields.takeRequired("kind", as: String.self, "which")
    }
    #expect(kinds == ["l1", "ce"])
    #expect(
      line { try fields.finish() }
        == "a.yaml:3: unknown key 'wight' in losses.1; did you mean 'weight'?")
  }

  @Test func requiredAndOptional() throws {
    let fields = try Fields(yaml: "name: x\nrate: null", file: "a.yaml")
    #expect(try fields.takeRequired("name", as: String.self, "") == "x")
    #expect(try fields.takeOptional("rate", in: 0...1.0, "") == nil)
    #expect(
      line { _ = try fields.takeRequired("side", in: 1..., "") as Int }
        == "a.yaml:1: side is missing; add it")
  }

  @Test func recordsWhatItsReaderTakes() throws {
    let fields = Fields.recording("recipe")
    _ = try Recipe(fields)
    _ = try fields.takeRequired("rate", in: .leastNonzeroMagnitude...1, "step size") as Double
    #expect(
      fields.descriptions.map { $0.line } == [
        "epochs  an integer at least 1 (10)  passes over the data",
        "sizes  a list, each an integer from 1 to 8 ([1,2])  block sizes",
        "mask.kind  one of random, block (\"random\")",
        "mask.ratio  a number from 0 to 1 (0.75)  share of patches hidden",
        "rate  a number above 0, at most 1 (required)  step size",
      ])
  }

  @Test func valuesOfAnyFormKeepTypesOrderAndLines() throws {
    let yaml = "axes:\n  b: [1, '1', 0.5, true, null, word]\n  a: {x: 2}\n"
    let fields = try Fields(yaml: yaml, file: "test.yaml")
    let value = try #require(fields.takeValue("axes", "anything"))
    #expect(fields.takeValue("absent", "nothing")?.json == nil)
    try fields.finish()
    #expect(value.members?.map(\.key) == ["b", "a"])
    let elements = value.members?[0].value.elements
    #expect(elements?.map(\.json) == [1, "1", 0.5, true, nil, "word"])
    #expect(elements?.map(\.text) == ["1", "1", "0.5", "true", "null", "word"])
    #expect(value.members?[1].value.error("is wrong").subject == "test.yaml:3")
    #expect(fields.resolved["axes"]?["a"] == ["x": 2])
  }

  /// A mapping put in from elsewhere: what is wrong inside it is said of where it came from.
  @Test func mistakesInsideAnOverrideNameIt() throws {
    let other = try Fields(yaml: "mask: {kind: block, raito: 2}", file: "other.yaml")
    let value = try #require(other.takeValue("mask", "anything"))
    let fields = try Fields(yaml: "mask: {kind: random, ratio: 0.5}", file: "test.yaml")
    try fields.override(path: "mask", value: value, subject: "cell 3")
    let mask = try fields.takeFields("mask")
    #expect(try mask.take("kind", default: "", "a name") == "block")
    #expect(try mask.take("ratio", default: 0.75, in: 0...1, "a share") == 0.75)
    #expect(throws: InputError("cell 3", "unknown key 'raito' in mask", "did you mean 'ratio'?")) {
      try fields.finish()
    }
  }
}
