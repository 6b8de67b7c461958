import Foundation
import Support

/// The names in a folder, hidden ones left out, in the order of their UTF-8 bytes.
func fileNames(in folder: String) throws -> [String] {
  try listFolder(folder).map { $0.name }.filter { !$0.hasPrefix(".") }
}

/// Whether a folder, or a link to one, is at `path`.
func isFolder(_ path: String) -> Bool {
  if case .folder = entryKind(path) { return true }
  return false
}

/// Whether a file, or a link to one, is at `path`.
func isFile(_ path: String) -> Bool {
  if case .file = entryKind(path) { return true }
  return false
}

/// Whether a name is left by a system or a program and no part of the data: hidden files, the
/// resource forks of macOS, the thumbnails of Windows and Synology.
func isLitter(_ name: String) -> Bool {
  name.hasPrefix(".") || litter.contains(name.lowercased())
}

private let litter: Set<String> = ["__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir"]

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
