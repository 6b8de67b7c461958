import Evaluation
import Foundation
import Results
import Support
import TestSupport
import Testing

@Suite struct PredictionsFileTests {
  private var table: Predictions {
    var table = Predictions(
      ids: ["test/a", "test/längere-id", "test/c"], labels: [0, 1, 2], predictions: [0, 2, 2])
    table.add(PredictionColumn("margin", .real([0.5, -1.25, 3])))
    table.add(PredictionColumn("intersection", .integer([1, 2, 3, 4, 5, 6]), width: 2))
    return table
  }

  @Test func readsBackAsWritten() throws {
    let read = try Predictions(npy: table.npy(), file: "x.npy")
    #expect(read == table)
    #expect(read.ids[1] == "test/längere-id")
    #expect(read["correct"]?.values == .boolean([1, 0, 1]))
  }

  @Test func everyTruncationAndNoiseIsRefusedInOneLine() {
    let data = table.npy()
    for length in 0..<data.count {
      #expect(throws: InputError.self) { try Predictions(npy: data.prefix(length), file: "x.npy") }
    }
    for place in 0..<128 {
      var noisy = data
      noisy[place] ^= 0x15
      // Either refused or still a table; never a trap.
      _ = try? Predictions(npy: noisy, file: "x.npy")
    }
    #expect(throws: InputError.self) { try Predictions(npy: data + [0], file: "x.npy") }
  }

  @Test func aHeaderThatClaimsTheMoonIsRefused() {
    let honest = String(decoding: table.npy().prefix(256), as: UTF8.self)
    #expect(honest.contains("'shape': (3,)"))
    var data = table.npy()
    let range = data.range(of: Data("(3,)".utf8))
    data.replaceSubrange(range ?? 0..<0, with: Data("(999999999999,)".utf8))
    #expect(throws: InputError.self) { try Predictions(npy: data, file: "x.npy") }
  }

  @Test func anExampleNamedTwiceIsRefused() {
    let twice = Predictions(ids: ["a", "b", "a"], labels: [0, 0, 0], predictions: [0, 0, 0])
    let error = #expect(throws: InputError.self) {
      try Predictions(npy: twice.npy(), file: "x.npy")
    }
    #expect(error?.problem == "names example a twice")
  }

  @Test func idsOfAnotherOrderAreFound() {
    let first = ExampleIDs(["a", "bb", "c"])
    #expect(first.positions(of: ExampleIDs(["c", "a", "bb"])) == [2, 0, 1])
    #expect(first.positions(of: ExampleIDs(["c", "a", "x"])) == nil)
    #expect(first.positions(of: ExampleIDs(["c", "a"])) == nil)
  }

  @Test(.enabled(if: Python.has("numpy"), "NumPy is not on this machine"))
  func numPyReadsTheSameTable() throws {
    let folder = TemporaryFolder()
    try AtomicFile.write(table.npy(), to: folder.file("x.npy"))
    let script = """
      import numpy, sys
      t = numpy.load(sys.argv[1])
      assert t.dtype.names == ("id", "label", "prediction", "correct", "margin", "intersection")
      assert t["id"][1].decode() == "test/längere-id"
      assert t["correct"].dtype == bool and t["correct"].tolist() == [True, False, True]
      assert t["margin"].tolist() == [0.5, -1.25, 3.0]
      assert t["intersection"].tolist() == [[1, 2], [3, 4], [5, 6]]
      assert t["label"].mean() == 1.0
      """
    #expect(try Python.run(script, folder.file("x.npy")) == "")
  }
}
