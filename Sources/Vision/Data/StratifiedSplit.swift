import Support
import Tensors

/// Divides `0..<labels.count` at random into `first` indices and the rest, each class in proportion.
///
/// Places left over by rounding go to the classes with the largest remainders. Both parts are in
/// ascending order, and depend on nothing but the arguments.
func stratifiedSplit(
  labels: [Int], first: Int, seed: UInt64, purpose: String
) -> (first: [Int], rest: [Int]) {
  precondition(first >= 0 && first <= labels.count, "\(first) of \(labels.count) examples")
  guard let last = labels.max() else { return ([], []) }
  var members = [[Int]](repeating: [], count: last + 1)
  for (index, label) in labels.enumerated() { members[label].append(index) }
  let shares = proportionalShares(of: first, sizes: members.map { $0.count })
  var isChosen = [Bool](repeating: false, count: labels.count)
  for (label, indices) in members.enumerated() where shares[label] > 0 {
    var random = RandomStream(seed: seed, purpose: purpose, label)
    for position in random.permutation(indices.count).prefix(shares[label]) {
      isChosen[indices[position]] = true
    }
  }
  return (labels.indices.filter { isChosen[$0] }, labels.indices.filter { !isChosen[$0] })
}

/// Shares out `total` in proportion to `sizes` (largest remainders; ties to the earlier one).
private func proportionalShares(of total: Int, sizes: [Int]) -> [Int] {
  let all = max(1, sizes.reduce(0, +))
  var shares = sizes.map { $0 * total / all }
  let byRemainder = sizes.indices.sorted {
    let (left, right) = (sizes[$0] * total % all, sizes[$1] * total % all)
    return left == right ? $0 < $1 : left > right
  }
  for index in byRemainder.prefix(total - shares.reduce(0, +)) { shares[index] += 1 }
  return shares
}

/// A division of the training pictures into those to fit on and those to choose
/// hyper-parameters on.
package struct ValidationSplit: Sendable, Equatable {
  /// Indices into the training split, ascending.
  package let fit: [Int]
  /// Indices into the training split, ascending.
  package let validation: [Int]
  /// A SHA-256 of the two lists, for the report.
  package let hash: String
}

extension Dataset {
  /// Cuts a share of the training pictures off for validation, each class in proportion.
  ///
  /// The same arguments give the same division for every checkpoint.
  /// - Parameters:
  ///   - fraction: The share to cut off; at least one picture stays on either side.
  ///   - seed: Chooses the pictures.
  /// - Returns: The division, with its hash for the report.
  /// - Throws: `InputError` when there are fewer than two training pictures.
  package func validationSplit(fraction: Double = 0.1, seed: UInt64 = 0) throws -> ValidationSplit {
    precondition(fraction > 0 && fraction < 1, "a validation share of \(fraction)")
    guard train.count >= 2 else {
      throw InputError(
        id, "\(train.count) training pictures cannot be split for validation", "use more of them")
    }
    let wanted = Int((Double(train.count) * fraction).rounded())
    let (validation, fit) = stratifiedSplit(
      labels: train.labels, first: min(max(wanted, 1), train.count - 1), seed: seed,
      purpose: "validation split")
    return ValidationSplit(fit: fit, validation: validation, hash: hash(of: fit, validation))
  }
}

private func hash(of fit: [Int], _ validation: [Int]) -> String {
  var hash = SHA256()
  for part in [fit, validation] {
    hash.update("\(part.count):")
    hash.update(part.map(String.init).joined(separator: ","))
  }
  return hash.hex()
}

extension Dataset {
  /// The data set with a part of the training pictures as its validation split.
  ///
  /// - Parameter division: which part.
  /// - Returns: a data set whose fingerprint tells it from the whole one.
  package func holdingOut(_ division: ValidationSplit) -> Dataset {
    Dataset(
      id: id, classes: classes, annotations: annotations, mapClasses: mapClasses,
      fingerprint: SHA256.hex(of: "\(fingerprint) held out \(division.hash)"),
      train: SubsetSplit(base: train, indices: division.fit),
      validation: SubsetSplit(base: train, indices: division.validation), test: test, limit: limit,
      reading: reading)
  }
}
