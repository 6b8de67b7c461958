import Foundation
import Results
import Support

/// What each checkpoint's mask hides and what it paints in, on the same images.
///
/// Checkpoints whose originals are the same bytes stand below one strip of originals.
struct PretrainingGallery {
  /// The most bytes of PNG on a page: with base64, two thirds of 10 MB.
  static let mostBytes = 5 << 20

  /// Checkpoints that share their originals.
  private struct Group {
    let hash: String
    var entries: [(entry: ReportEntry, pictures: ReportPictures)]
  }

  private let groups: [Group]

  /// Groups the reports that have pictures.
  init(_ entries: [ReportEntry]) {
    var groups: [Group] = []
    for entry in entries {
      guard let pictures = entry.report.checkpoint.pictures else { continue }
      let hash = pictures.original.sha256
      if let index = groups.firstIndex(where: { $0.hash == hash }) {
        groups[index].entries.append((entry, pictures))
      } else {
        groups.append(Group(hash: hash, entries: [(entry, pictures)]))
      }
    }
    self.groups = groups
  }

  /// Adds the pictures; nothing where there are none.
  /// - Throws: `InputError` when a file is missing or was changed.
  func write(to html: inout HTML) throws {
    guard !groups.isEmpty else { return }
    html.element("h3", "What the masks hide, and what is painted in")
    var left = Self.mostBytes
    var omitted = 0
    for group in groups {
      guard let first = group.entries.first else { continue }
      html.element(
        "p",
        "Test pictures of \(first.pictures.data), the same for all checkpoints below. Grey: what the "
          + "mask hides. Painted in: the prediction, with the visible patches pasted in; where targets "
          + "were normalised, each patch has its own mean and contrast back, so judge shapes, not "
          + "brightness.", ["class": "quiet"])
      html.raw("<div class=\"strips\">\n")
      try figure("original", [(first.pictures.original, "original")], first.entry, &html, &left)
      for (entry, pictures) in group.entries {
        let strips = [(pictures.masked, "masked"), (pictures.reconstruction, "painted in")]
        if try !figure(entry.label, strips, entry, &html, &left) { omitted += 1 }
      }
      html.raw("</div>\n")
    }
    guard omitted > 0 else { return }
    html.element(
      "p", "The pictures of \(omitted) more checkpoints are left out: the page would be too large.",
      ["class": "quiet"])
  }

  /// Adds strips under one caption; false when the page has no room for them.
  @discardableResult
  private func figure(
    _ caption: String, _ strips: [(strip: ReportPictures.Strip, name: String)],
    _ entry: ReportEntry, _ html: inout HTML, _ left: inout Int
  ) throws -> Bool {
    let files = try strips.map { try bytes($0.strip, entry) }
    let size = files.reduce(0) { $0 + $1.count }
    guard size <= left else { return false }
    left -= size
    html.raw("<figure>")
    html.element("figcaption", caption)
    for (file, (_, name)) in zip(files, strips) {
      let text = strips.count == 1 ? name : "\(caption): \(name)"
      html.raw("<img alt=\"\(Escaping.html(text))\" src=\"data:image/png;base64,")
      html.raw(file.base64EncodedString() + "\">")
    }
    html.raw("</figure>\n")
    return true
  }

  private func bytes(_ strip: ReportPictures.Strip, _ entry: ReportEntry) throws -> Data {
    let path = (entry.report.folder ?? ".") + "/" + strip.path
    let isInside = !strip.path.hasPrefix("/") && !strip.path.split(separator: "/").contains("..")
    guard isInside else { throw InputError(entry.path, "names a picture outside its folder") }
    let data = try MappedFile(path).data
    guard SHA256.hex(of: data) == strip.sha256 else {
      throw InputError(
        path, "is not the file that the report was written with", "evaluate the checkpoint again")
    }
    return data
  }
}
