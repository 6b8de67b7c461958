import Foundation
import Support

/// The names in a folder, hidden ones left out, in the order of their UTF-8 bytes.
func fileNames(in folder: String) throws -> [String] {
  try FileSystem.names(in: folder).filter { !$0.hasPrefix(".") }
}

/// The strings in the order of their UTF-8 bytes, which is the same on every machine.
func inByteOrder(_ names: [String]) -> [String] {
  names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

/// The first of `candidates` that exists in `folder`.
/// - Throws: `InputError` that names the first candidate.
func existingFile(_ candidates: [String], in folder: String) throws -> String {
  let paths = candidates.map { folder + "/" + $0 }
  if let path = paths.first(where: { FileSystem.exists($0) }) { return path }
  let others = candidates.dropFirst().joined(separator: ", ")
  throw InputError(
    folder, "holds no \(candidates[0])" + (others.isEmpty ? "" : " (nor \(others))"),
    "give the folder that holds it")
}
