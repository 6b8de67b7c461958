import Foundation

/// What a checkpoint answered on each test example, kept so that two checkpoints can be compared on
/// the same examples.
///
/// A table: one row per example, named columns beside the examples' ids.
package struct Predictions: Equatable, Sendable {
  /// The examples' ids, in the data set's order.
  package let ids: ExampleIDs
  /// The columns, in the order of the file.
  package private(set) var columns: [PredictionColumn]

  /// A table with the given columns, each with one entry per example.
  package init(ids: ExampleIDs, columns: [PredictionColumn] = []) {
    self.ids = ids
    self.columns = []
    for column in columns { add(column) }
  }

  /// The outcomes of a classifier: columns `label`, `prediction` and `correct`.
  ///
  /// - Parameters:
  ///   - ids: what identifies each example in its data set.
  ///   - labels: the true classes.
  ///   - predictions: the predicted classes.
  package init(ids: [String], labels: [Int], predictions: [Int]) {
    precondition(
      labels.count == ids.count && predictions.count == ids.count, "columns differ in length")
    self.init(
      ids: ExampleIDs(ids),
      columns: [
        PredictionColumn("label", .integer(labels.map(Int32.init))),
        PredictionColumn("prediction", .integer(predictions.map(Int32.init))),
        PredictionColumn(
          "correct", .boolean(zip(labels, predictions).map { $0 == $1 ? 1 : 0 })),
      ])
  }

  /// How many examples there are.
  package var count: Int { ids.count }

  /// Appends a column; its name must be new and its length that of the table.
  package mutating func add(_ column: PredictionColumn) {
    precondition(
      column.values.count == count * column.width,
      "column \(column.name) has \(column.values.count) values for \(count) examples")
    precondition(
      self[column.name] == nil && column.name != "id", "column \(column.name) is there twice")
    columns.append(column)
  }

  /// The column of the given name.
  package subscript(name: String) -> PredictionColumn? { columns.first { $0.name == name } }
}

/// One named column of per-example outcomes.
package struct PredictionColumn: Equatable, Sendable {
  /// The entries, `width` of them per example.
  package enum Values: Equatable, Sendable {
    /// 1 for yes, 0 for no.
    case boolean([UInt8])
    /// Whole numbers, such as class labels or pixel counts.
    case integer([Int32])
    /// Real numbers.
    case real([Float])

    /// How many entries there are.
    package var count: Int {
      switch self {
      case .boolean(let values): values.count
      case .integer(let values): values.count
      case .real(let values): values.count
      }
    }
  }

  /// The column's name: lower-case letters, digits and `_`.
  package let name: String
  /// The entries.
  package let values: Values
  /// How many entries each example has, for example one per class.
  package let width: Int

  /// A column; `values` holds `width` entries per example, example after example.
  package init(_ name: String, _ values: Values, width: Int = 1) {
    precondition(width >= 1, "a column is at least one entry wide")
    self.name = name
    self.values = values
    self.width = width
  }

  /// The entries as doubles.
  package var doubles: [Double] {
    switch values {
    case .boolean(let values): values.map(Double.init)
    case .integer(let values): values.map(Double.init)
    case .real(let values): values.map(Double.init)
    }
  }
}
