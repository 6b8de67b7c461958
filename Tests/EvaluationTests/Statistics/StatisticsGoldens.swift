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

extension JSON {
  /// The number under a key; not a number if there is none, which no comparison accepts.
  func number(_ key: String) -> Double { self[key]?.double ?? .nan }

  /// The integer under a key.
  func integer(_ key: String) -> Int { self[key]?.int ?? .min }

  /// The numbers under a key.
  func numbers(_ key: String) -> [Double] { (self[key]?.array ?? []).map { $0.double ?? .nan } }
}

/// Whether two numbers agree to 1e-9, relative to the larger or absolute below 1.
func agree(_ first: Double, _ second: Double, within tolerance: Double = 1e-9) -> Bool {
  abs(first - second) <= tolerance * max(1, abs(first), abs(second))
}
