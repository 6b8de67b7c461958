import Evaluation
import Pretraining
import Support

/// One point of a sweep's grid: a recipe, and what is set in it.
struct SweepCell: Sendable {
  /// Names its checkpoint and its report: `random-0.75-seed-0`.
  let name: String
  /// The labels of its values but the seed's: cells of equal setting are repetitions.
  let setting: String
  /// The label of each axis' value, by the axis' name.
  let labels: [String: String]
  /// The recipe's name or path.
  let recipe: String
  /// What is set in the recipe.
  let settings: SweepSettings

  /// A cell of one value an axis.
  init(_ values: [(axis: SweepAxis, value: SweepValue)], recipe: String, common: SweepSettings) {
    let named = values.filter { !$0.axis.isSeed }.map(\.value.label)
    setting = named.isEmpty ? "all" : named.joined(separator: ", ")
    labels = Dictionary(values.map { ($0.axis.name, $0.value.label) }) { first, _ in first }
    name = Self.slug(values.map(\.value.label).joined(separator: "-"))
    let all = common + values.flatMap(\.value.settings)
    self.recipe = all.last { $0.key == "recipe" }?.value.text ?? recipe
    settings = all.filter { $0.key != "recipe" }
  }

  /// The label as a name of a folder.
  private static func slug(_ label: String) -> String {
    var name = CheckpointName.safe(label)
    while name.contains("--") { name = name.replacing("--", with: "-") }
    return name
  }

  /// What the cell adds to its recipe.
  func options(limit: Int?) -> PretrainingOptions {
    var options = PretrainingOptions()
    options.settings = settings
    options.limit = limit
    return options
  }

  /// Names the cell in an error about its recipe.
  func naming<Result>(_ file: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as InputError {
      let isNamed = error.problem.hasPrefix(error.subject)
      throw InputError(
        "\(file), cell \(name)",
        isNamed ? error.problem : "\(error.subject): \(error.problem)", error.remedy)
    }
  }
}

/// Every combination of one value an axis, the first axis slowest.
func sweepCells(_ axes: [SweepAxis], recipe: String, common: SweepSettings) -> [SweepCell] {
  var rows: [[(axis: SweepAxis, value: SweepValue)]] = [[]]
  for axis in axes {
    rows = rows.flatMap { row in axis.values.map { row + [(axis, $0)] } }
  }
  return rows.map { SweepCell($0, recipe: recipe, common: common) }
}
