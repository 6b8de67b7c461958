import Foundation
import Support
import Tensors

/// Writes named tensors as a safetensors file of 32-bit floats.
///
/// The same tensors give the same bytes: names are sorted, the header is padded so that the elements
/// begin at a multiple of 64 bytes. The file appears whole or not at all.
/// - Parameters:
///   - tensors: what to write; a name may occur once.
///   - metadata: texts for the header, `["format": "pt"]`.
///   - path: the file to write or replace.
/// - Throws: `InputError` when the place is unwritable or full.
package func writeSafetensors(
  _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to path: String
) throws {
  try withExtendedLifetime(tensors) {
    try writeSafetensors(blocks: tensors.map(block), metadata: metadata, to: path)
  }
}

/// Writes the parameters of a store as a safetensors file, under their names.
/// - Parameters:
///   - parameters: what to write.
///   - others: tensors to write beside them.
///   - metadata: texts for the header.
///   - path: the file to write or replace.
/// - Throws: `InputError` when the place is unwritable or full.
package func writeSafetensors(
  _ parameters: ParameterStore, beside others: [(name: String, tensor: Tensor)] = [],
  metadata: [String: String] = [:], to path: String
) throws {
  let blocks = parameters.parameters.map {
    unsafe TensorBlock(name: $0.name, shape: $0.shape, data: $0.data)
  }
  try withExtendedLifetime((parameters, others)) {
    try writeSafetensors(blocks: blocks + others.map(block), metadata: metadata, to: path)
  }
}

private func block(_ named: (name: String, tensor: Tensor)) -> TensorBlock {
  unsafe TensorBlock(name: named.name, shape: named.tensor.shape, data: named.tensor.data)
}

/// Writes memory that the caller keeps alive as a safetensors file of 32-bit floats.
///
/// - Parameters:
///   - blocks: names, shapes and elements; a name may occur once.
///   - metadata: texts for the header.
///   - path: the file to write or replace.
/// - Throws: `InputError` when the place is unwritable or full.
package func writeSafetensors(
  blocks: [TensorBlock], metadata: [String: String], to path: String
) throws {
  let sorted = blocks.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
  for (first, second) in zip(sorted, sorted.dropFirst()) {
    precondition(first.name != second.name, "the tensor '\(first.name)' is given twice")
  }
  let header = safetensorsHeader(sorted, metadata)
  try AtomicFile.write(to: path) { writer in
    try writer.write(header)
    for block in sorted { try unsafe writer.write(block.bytes) }
  }
}

/// Length and text of the header, together a multiple of 64 bytes.
private func safetensorsHeader(_ blocks: [TensorBlock], _ metadata: [String: String]) -> Data {
  var members: [String: JSON] = [:]
  if !metadata.isEmpty { members["__metadata__"] = .object(metadata.mapValues { .string($0) }) }
  var offset = 0
  for block in blocks {
    let end = offset + block.count * MemoryLayout<Float>.stride
    members[block.name] = [
      "dtype": "F32", "shape": .array(block.shape.map { .integer($0) }),
      "data_offsets": [.integer(offset), .integer(end)],
    ]
    offset = end
  }
  var text = JSON.object(members).data()
  let padding = (64 - (8 + text.count) % 64) % 64
  text.append(contentsOf: [UInt8](repeating: UInt8(ascii: " "), count: padding))
  var header = unsafe withUnsafeBytes(of: UInt64(text.count).littleEndian) { unsafe Data($0) }
  header.append(text)
  return header
}
