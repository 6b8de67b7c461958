import Foundation
import Tensors

/// One file of `Tests/Goldens/engine`, written by `Tests/Goldens/generate.py`.
///
/// A reader of its own for a format that we trust here, so that a test of the engine does not rest on the
/// reader that `Checkpoints` offers.
package struct Golden {
  /// The names of the cases, sorted.
  package let cases: [String]
  private let settings: [String: [String: Any]]
  private let tensors: [String: Tensor]

  /// Reads `Tests/Goldens/engine/name.safetensors`.
  package init(_ name: String) throws {
    let path = packageFolder + "/Tests/Goldens/engine/\(name).safetensors"
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let headerLength = data.prefix(8).enumerated().reduce(0) {
      $0 + Int($1.element) << (8 * $1.offset)
    }
    let header = try Self.object(data[8..<8 + headerLength])
    let notes = (header["__metadata__"] as? [String: String])?["golden"] ?? "{}"
    let allCases = try Self.object(Data(notes.utf8))["cases"] as? [String: [String: Any]] ?? [:]
    settings = allCases
    cases = allCases.keys.sorted()
    var tensors: [String: Tensor] = [:]
    for (key, value) in header {
      guard let entry = value as? [String: Any], let shape = entry["shape"] as? [Int],
        let range = entry["data_offsets"] as? [Int]
      else { continue }
      let tensor = Tensor(shape)
      let start = 8 + headerLength + range[0]
      let target = UnsafeMutableRawBufferPointer(start: tensor.data, count: range[1] - range[0])
      data.copyBytes(to: target, from: start..<start + target.count)
      tensors[key] = tensor
    }
    self.tensors = tensors
  }

  /// The tensor `key` of a case; its absence is a mistake in the test.
  package func tensor(_ key: String, in caseName: String) -> Tensor {
    guard let tensor = tensors["\(caseName)/\(key)"] else {
      preconditionFailure("the golden has no \(caseName)/\(key)")
    }
    return tensor
  }

  /// Whether a case holds the tensor `key`.
  package func has(_ key: String, in caseName: String) -> Bool {
    tensors["\(caseName)/\(key)"] != nil
  }

  /// The tensors of a case whose key starts with `prefix`, such as `parameters/`, by the rest of the key.
  package func group(_ prefix: String, in caseName: String) -> [String: Tensor] {
    let start = "\(caseName)/\(prefix)"
    var found: [String: Tensor] = [:]
    for (key, tensor) in tensors where key.hasPrefix(start) {
      found[String(key.dropFirst(start.count))] = tensor
    }
    return found
  }

  /// A number among a case's settings.
  package func number(_ key: String, in caseName: String) -> Double {
    guard let value = settings[caseName]?[key] as? NSNumber else {
      preconditionFailure("the golden's case \(caseName) has no number \(key)")
    }
    return value.doubleValue
  }

  /// A whole number among a case's settings.
  package func integer(_ key: String, in caseName: String) -> Int { Int(number(key, in: caseName)) }

  /// A truth value among a case's settings.
  package func flag(_ key: String, in caseName: String) -> Bool { number(key, in: caseName) != 0 }

  /// A list of words among a case's settings.
  package func words(_ key: String, in caseName: String) -> [String] {
    settings[caseName]?[key] as? [String] ?? []
  }

  /// A word among a case's settings.
  package func word(_ key: String, in caseName: String) -> String {
    settings[caseName]?[key] as? String ?? ""
  }

  private static func object(_ data: Data) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }
}

/// The largest `|a − b|` over the largest `|b|`, so that a tolerance means the same at any scale.
///
/// Infinite where `a` holds a NaN or infinity; the plain difference where `b` is all zeros.
package func largestRelativeDifference(_ a: Tensor, from b: Tensor) -> Float {
  precondition(a.count == b.count, "\(a.shape) is compared with \(b.shape)")
  var difference: Float = 0
  var scale: Float = 0
  for index in 0..<b.count {
    guard a.data[index].isFinite else { return .infinity }
    difference = max(difference, abs(a.data[index] - b.data[index]))
    scale = max(scale, abs(b.data[index]))
  }
  return scale > 0 ? difference / scale : difference
}
