import Support

extension TensorArchive {
  /// The same tensors under the names that their network gives them: without what compilers and sharding libraries
  /// put in between, and with blocks numbered through.
  ///
  /// A name that another tensor has already stays as it is.
  func withPlainNames() -> TensorArchive {
    let numbers = chunkedBlocks()
    var taken = Set(names)
    var isChanged = false
    let renamed = stored().map { name, tensor in
      let parts = Self.withoutWrappers(name.split(separator: ".", omittingEmptySubsequences: false))
      let plain = Self.renumbered(parts, numbers).joined(separator: ".")
      guard plain != name, taken.insert(plain).inserted else { return (name: name, tensor: tensor) }
      isChanged = true
      return (name: plain, tensor: tensor)
    }
    return isChanged ? with(tensors: renamed) : self
  }

  /// Parts of names by which `torch.compile`, FSDP, activation checkpointing and Fabric mark what they wrap.
  private static let wrappers: Set<Substring> = [
    "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module",
    "_fpw_module",
    "_ddp_wrapped_module",
  ]
  /// The same, for those who ask for a branch by the names of the file.
  static var wrapperNames: [String] { wrappers.map(String.init) }
  /// Parts of a network; `module` after one of them, or after a number, wraps it, as it does before a whole network.
  private static let parts: Set<Substring> = [
    "blocks", "layers", "layer", "resblocks", "attn", "attention", "mlp", "patch_embed", "norm",
    "norm1", "norm2", "qkv", "proj", "fc1", "fc2", "ls1", "ls2", "embeddings", "layer1", "layer2",
    "layer3", "layer4", "conv1", "bn1", "ln_pre", "ln_post",
  ]

  private static func withoutWrappers(_ parts: [Substring]) -> [Substring] {
    var result: [Substring] = []
    for part in parts where !wrappers.contains(part) {
      if part == "module", let last = result.last, isNumber(last) || self.parts.contains(last) {
        continue
      }
      result.append(part)
    }
    return result
  }

  private static func isNumber(_ part: Substring) -> Bool {
    !part.isEmpty && part.count <= 4 && part.allSatisfy { $0.isASCII && $0.isNumber }
  }

  // MARK: Blocks in chunks

  /// Where a block in a chunk begins: what precedes `blocks`, chunk and place in it.
  private struct ChunkedBlock: Hashable {
    let prefix: String
    let chunk: Int
    let index: Int
  }

  /// The numbers of blocks that lie in chunks (`blocks.1.12.`, DINOv2 in training); empty where none do.
  private func chunkedBlocks() -> [ChunkedBlock: Int] {
    // Only a vision transformer's: others have stages of blocks.
    let marks = names.compactMap { name -> ChunkedBlock? in
      let parts = Self.withoutWrappers(name.split(separator: "."))
      guard parts.suffix(2) == ["norm1", "weight"] else { return nil }
      return Self.chunked(parts)?.block
    }
    let found = Set(marks)
    var numbers: [ChunkedBlock: Int] = [:]
    for (_, blocks) in Dictionary(grouping: found, by: \.prefix) {
      let ordered = blocks.sorted { ($0.chunk, $0.index) < ($1.chunk, $1.index) }
      for (number, block) in ordered.enumerated() { numbers[block] = number }
    }
    return numbers
  }

  /// The block of `… blocks CHUNK INDEX …`, and where `blocks` stands.
  private static func chunked(_ parts: [Substring]) -> (block: ChunkedBlock, place: Int)? {
    guard let place = parts.lastIndex(of: "blocks"), place + 2 < parts.count,
      isNumber(parts[place + 1]), isNumber(parts[place + 2]), let chunk = Int(parts[place + 1]),
      let index = Int(parts[place + 2])
    else { return nil }
    let prefix = parts[..<place].joined(separator: ".")
    return (ChunkedBlock(prefix: prefix, chunk: chunk, index: index), place)
  }

  private static func renumbered(
    _ parts: [Substring], _ numbers: [ChunkedBlock: Int]
  ) -> [Substring] {
    guard !numbers.isEmpty, let (block, place) = chunked(parts), let number = numbers[block] else {
      return parts
    }
    return parts[...place] + ["\(number)"] + parts[(place + 3)...]
  }
}
