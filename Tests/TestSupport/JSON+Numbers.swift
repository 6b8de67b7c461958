import Support

/// Numbers of a golden file, by key.
extension JSON {
  /// The number under a key; not a number if there is none, which no comparison accepts.
  package func number(_ key: String) -> Double { self[key]?.double ?? .nan }

  /// The integer under a key.
  package func integer(_ key: String) -> Int { self[key]?.int ?? .min }

  /// The numbers under a key.
  package func numbers(_ key: String) -> [Double] {
    (self[key]?.array ?? []).map { $0.double ?? .nan }
  }
}

/// Whether two numbers agree to 1e-9, relative to the larger or absolute below 1.
package func agree(_ first: Double, _ second: Double, within tolerance: Double = 1e-9) -> Bool {
  abs(first - second) <= tolerance * max(1, abs(first), abs(second))
}
