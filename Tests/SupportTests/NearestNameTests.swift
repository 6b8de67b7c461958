import Support
import Testing

struct NearestNameTests {
  /// Distances from the literature's examples.
  @Test(arguments: [
    ("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("ab", "ba", 1), ("ca", "abc", 3),
    ("flaw", "lawn", 2), ("same", "same", 0),
  ])
  func editDistances(first: String, second: String, distance: Int) {
    #expect(editDistance(Array(first), Array(second)) == distance)
    #expect(editDistance(Array(second), Array(first)) == distance)
  }

  @Test func suggestsOnlyWhatIsNear() {
    let names = ["linear_probe", "attentive_probe", "knn", "fine_tune", "low_shot"]
    #expect(nearest("liner_probe", among: names) == "linear_probe")
    #expect(nearest("Linear-Probe", among: names) == "linear_probe")
    #expect(nearest("kn", among: names) == "knn")
    #expect(nearest("atten", among: names) == "attentive_probe")
    #expect(nearest("detection", among: names) == nil)
    #expect(nearest("", among: names) == nil)
    #expect(nearest("x", among: []) == nil)
    #expect(nearest(String(repeating: "a", count: 1_000_000), among: names) == nil)
  }

  @Test func suggestionListsWhenNothingIsNear() {
    #expect(suggestion(for: "nkn", among: ["knn", "ttt"]) == "did you mean 'knn'?")
    #expect(suggestion(for: "zzzzzz", among: ["knn", "ttt"]) == "known: knn, ttt")
  }
}
