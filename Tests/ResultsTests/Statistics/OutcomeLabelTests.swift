import Results
import Support
import Testing

/// Labels that a file of predictions may hold and no honest one does.
struct OutcomeLabelTests {
  private let outcome = MetricOutcome(statistic: .meanPerClass, columns: ["label", "correct"])

  private func columns(_ label: PredictionColumn.Values) throws -> OutcomeColumns {
    let table = Predictions(
      ids: ExampleIDs(["a", "b"]),
      columns: [PredictionColumn("label", label), PredictionColumn("correct", .boolean([1, 0]))])
    return try OutcomeColumns(outcome, of: table, file: "predictions.npy")
  }

  @Test func wholeLabelsCountInAnyType() throws {
    #expect(try columns(.integer([0, 1])).value == 0.5)
    #expect(try columns(.real([0, 1])).value == 0.5)
  }

  @Test(arguments: [Float.infinity, -.infinity, .nan, 1e30, 0x1p63, 0.5, -1])
  func othersAreRefused(label: Float) {
    let error = #expect(throws: InputError.self) { try columns(.real([0, label])) }
    #expect(error?.subject == "predictions.npy")
  }

  @Test(arguments: [Int32.min, -1])
  func soAreThoseOutOfRange(label: Int32) {
    #expect(throws: InputError.self) { try columns(.integer([0, label])) }
  }

  /// As many classes as one likes: they cost nothing.
  @Test func greatLabelsAreClassesLikeOthers() throws {
    #expect(try columns(.integer([0, .max])).value == 0.5)
  }
}
