import Foundation
import Support

extension TaskResult {
  /// The fields that must be equal for two results to be comparable; nil when the data was never opened.
  ///
  /// Task and version, protocol, resolved configuration, data fingerprint, sizes and hash of the
  /// splits, scoring resolution, generator versions, whether anything was selected on the test set, and the sets
  /// that were scored where there are several.
  package var comparabilityFields: [String: JSON]? {
    if let recordedComparability { return recordedComparability }
    guard let dataset else { return nil }
    var fields: [String: JSON] = [
      "task": .string(task),
      "version": .integer(version),
      "protocol": .string(protocolName),
      "config": config,
      "dataset": .string(dataset.id),
      "dataset_fingerprint": .string(dataset.fingerprint),
      "splits": .object(dataset.splits.mapValues { .integer($0) }),
      "split_hash": dataset.splitHash.map { .string($0) } ?? .null,
      "classes": .integer(dataset.classes),
      "scoring_resolution": .string(scoringResolution ?? "native"),
      "oracle_selected": .bool(isOracleSelected),
      "generator_versions": .object(generatorVersions.mapValues { .integer($0) }),
    ]
    if !sets.isEmpty { fields["sets"] = .array(sets.map(\.identity)) }
    return fields
  }

  /// SHA-256 of the fields as canonical JSON (sorted keys, no spaces).
  package var comparabilityKey: String? {
    comparabilityFields.map {
      SHA256.hex(of: Data(JSON.object($0).text(pretty: false).utf8))
    }
  }

  /// The paths of the fields in which two results differ, for example `config.epochs`.
  package func comparabilityDifferences(from other: TaskResult) -> [FieldDifference] {
    let mine = JSON.object(comparabilityFields ?? ["task": .string(task)])
    let others = JSON.object(other.comparabilityFields ?? ["task": .string(other.task)])
    return fieldDifferences(mine, others)
  }
}

/// A place at which two JSON values differ.
package struct FieldDifference: Equatable, Sendable {
  /// The keys from the root, joined by dots.
  package let path: String
  /// The first value as text; `absent` if it has none.
  package let first: String
  /// The second value as text.
  package let second: String
}

/// Where two JSON values differ, objects compared key by key, in the order of their keys.
package func fieldDifferences(_ first: JSON, _ second: JSON, at path: String = "")
  -> [FieldDifference]
{
  guard first != second else { return [] }
  guard let left = first.object, let right = second.object else {
    return [FieldDifference(path: path, first: brief(first), second: brief(second))]
  }
  return Set(left.keys).union(right.keys).sorted().flatMap { key -> [FieldDifference] in
    let place = path.isEmpty ? key : path + "." + key
    guard let before = left[key], let after = right[key] else {
      let texts = [left[key], right[key]].map { $0.map(brief) ?? "absent" }
      return [FieldDifference(path: place, first: texts[0], second: texts[1])]
    }
    return fieldDifferences(before, after, at: place)
  }
}

private func brief(_ value: JSON) -> String {
  let text = value.string ?? value.text(pretty: false)
  return text.count > 40 ? text.prefix(39) + "…" : text
}
