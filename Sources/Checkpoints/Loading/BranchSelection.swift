import Foundation
import Support

/// Finds the networks in a file, and the one that its authors evaluate.
struct BranchSelection {
  /// One network: where it begins and what family it is.
  struct Candidate {
    let weights: WeightView
    let map: any KeyMap.Type
    let score: Int
  }

  /// The networks, the preferred first; at least one.
  let candidates: [Candidate]

  /// Parts of a prefix whose network is not the one that is evaluated when there is another, and how much less it is.
  private static let secondary: [String: Int] = [
    // Of DINO and its kin the teacher is evaluated.
    "student": 1, "student_backbone": 1, "student_model": 1, "student_encoder": 1,
    "student_network": 1,
    // Of MoCo, BYOL and their kin the network that is trained by gradients.
    "momentum_encoder": 1, "momentum_backbone": 1, "backbone_momentum": 1, "encoder_m": 1,
    "encoder_k": 2, "key_encoder": 2, "target_network": 1, "target_net": 1, "target_backbone": 2,
    "target_model": 1, "online_ema": 1, "backbone_ema": 2, "backbone_target": 1,
    // Averages beside the network; the one that timm prefers is in `preferred`.
    "ema": 1, "model_ema": 1, "ema_state_dict": 1, "ema_model": 1, "module_ema": 1,
    "model_teacher": 1, "alignment_encoder": 2,
    "decoder": 4, "predictor": 4, "optimizer": 9,
  ]
  /// The average that timm's training writes, and its `load_state_dict` takes before the network itself.
  ///
  /// `model_ema` is what DeiT and others write, who evaluate `model`.
  private static let preferred: Set = ["state_dict_ema"]
  /// Names of the network that BYOL trains; beside one, `target_encoder` is the slow copy.
  private static let online: Set = [
    "online_encoder", "online_network", "online_net", "online_backbone", "online", "online_model",
  ]

  /// Looks for the signatures of key maps.
  ///
  /// - Parameters:
  ///   - archive: the file.
  ///   - maps: the families to look for.
  /// - Throws: `InputError` naming the nearest family when there is none.
  init(_ archive: TensorArchive, maps: [any KeyMap.Type]) throws {
    var found: [String: Candidate] = [:]
    for map in maps {
      guard let key = map.signature.first else { continue }
      for name in archive.names where name == key || name.hasSuffix("." + key) {
        let weights = WeightView(archive, prefix: String(name.dropLast(key.count)))
        let score = map.score(weights)
        guard score > found[weights.prefix]?.score ?? 0 else { continue }
        found[weights.prefix] = Candidate(weights: weights, map: map, score: score)
      }
    }
    guard !found.isEmpty else { throw Self.unknownFamily(archive, maps) }
    candidates = found.values.sorted {
      (Self.rank($0), $0.weights.prefix.count, $0.weights.prefix)
        < (Self.rank($1), $1.weights.prefix.count, $1.weights.prefix)
    }
  }

  /// The network to load.
  ///
  /// - Parameters:
  ///   - branch: a part of the prefix that the user asks for; nil takes the preferred.
  ///   - source: the file, for messages.
  /// - Returns: the network.
  /// - Throws: `InputError` naming the branches when there is no such one.
  func chosen(_ branch: String?, source: String) throws -> Candidate {
    guard let branch else { return candidates[0] }
    let wanted = branch.split(separator: ".").map(String.init)
    let match = candidates.first { candidate in
      let parts = Set(Self.parts(candidate.weights.prefix) + TensorArchive.wrapperNames)
      return wanted.allSatisfy { parts.contains($0) }
    }
    guard let match else {
      let branches = candidates.map { Self.label($0.weights.prefix) }
      throw InputError(
        source, "has no branch '\(branch)'", suggestion(for: branch, among: branches))
    }
    return match
  }

  /// How a prefix is shown: without its last dot, or `whole file`.
  static func label(_ prefix: String) -> String {
    prefix.isEmpty ? "the whole file" : String(prefix.dropLast())
  }

  private static func parts(_ prefix: String) -> [String] {
    prefix.split(separator: ".").map(String.init)
  }

  private static func rank(_ candidate: Candidate) -> Int {
    let names = parts(candidate.weights.prefix)
    var rank = names.reduce(0) { $0 + (secondary[$1] ?? 0) + (preferred.contains($1) ? -1 : 0) }
    let parts = candidate.weights.archive.nameParts
    if !parts.isDisjoint(with: online) {
      rank += names.contains("target_encoder") || names.contains("target") ? 1 : 0
    } else if parts.contains("target_encoder") {
      // I-JEPA and MSN evaluate the target encoder, which follows the other slowly.
      rank += names.contains("target_encoder") ? 0 : 1
    }
    return rank
  }

  private static func unknownFamily(
    _ archive: TensorArchive, _ maps: [any KeyMap.Type]
  ) -> InputError {
    let endings = Set(archive.names.flatMap { Self.endings(of: $0) })
    if let refusal = UnusedWeights.refusal(of: archive, endings) { return refusal }
    var best: (name: String, share: Double)?
    // One tensor says little: half of a signature is what makes a family near.
    for map in maps where map.signature.count > 1 {
      let present = map.signature.filter { endings.contains($0) }.count
      let share = Double(present) / Double(map.signature.count)
      if share >= max(0.5, (best?.share ?? 0).nextUp) { best = (map.name, share) }
    }
    let first = archive.names.prefix(3).map { $0.prefix(100) }.joined(separator: ", ")
    let near = best.map { "the nearest known family is '\($0.name)'" }
    let known = "known families: " + maps.map { $0.name }.joined(separator: ", ")
    return InputError(
      archive.source,
      "holds no known encoder; its first tensors are \(first)" + archive.oddTensorsText,
      near ?? known)
  }

  /// A name and what follows each of its dots.
  private static func endings(of name: String) -> [String] {
    var result = [name]
    var rest = Substring(name)
    while let dot = rest.firstIndex(of: "."), result.count < 32 {
      rest = rest[rest.index(after: dot)...]
      result.append(String(rest))
    }
    return result
  }
}
