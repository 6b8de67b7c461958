import Foundation
import Support
import TestSupport

/// What SciPy, statsmodels and scikit-learn compute; made by `Tests/Goldens/statistics_goldens.py`.
enum StatisticsGoldens {
  /// One section of the file.
  static func section(_ name: String) throws -> JSON {
    let path = packageFolder + "/Tests/Goldens/statistics/statistics.json"
    let file = try JSON.parse(Data(contentsOf: URL(fileURLWithPath: path)), from: path)
    return file[name] ?? .null
  }

  /// The entries of a section that is an array.
  static func entries(_ name: String) throws -> [JSON] { try section(name).array ?? [] }
}
