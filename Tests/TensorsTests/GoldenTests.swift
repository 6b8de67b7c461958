import Foundation
import Tensors
import TestSupport
import Testing

/// The goldens' reader itself, on values that Foundation knows too.
@Suite struct GoldenTests {
  @Test func readsTensors() throws {
    let golden = try Golden("gelu")
    #expect(golden.cases == ["grid", "random"])
    let input = golden.tensor("input", in: "grid").array
    let output = golden.tensor("output", in: "grid").array
    #expect(input.count == 481)
    for (x, y) in zip(input, output) {
      let exact = 0.5 * Double(x) * (1 + erf(Double(x) / 2.0.squareRoot()))
      #expect(abs(exact - Double(y)) < 1e-6)
    }
  }

  @Test func readsSettings() throws {
    let golden = try Golden("optimizers")
    #expect(golden.word("kind", in: "adamw") == "adamw")
    #expect(golden.number("beta2", in: "adamw") == 0.95)
    #expect(golden.tensor("matrix_values", in: "adamw").shape == [10, 5, 7])
  }

  @Test func readsGroups() throws {
    let parameters = try Golden("vit_tiny").group("parameters/", in: "learned")
    #expect(parameters["blocks.1.attn.qkv.weight"]?.shape == [72, 24])
    #expect(parameters.count == 4 + 2 * 12 + 2)
  }
}
