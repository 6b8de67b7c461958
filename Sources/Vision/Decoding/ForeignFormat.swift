/// What a file is that somebody may take for a picture or for data, and that is not read here.
struct ForeignFormat {
  /// What it is: "a HEIC picture".
  let what: String
  /// How to make something of it that is read.
  let remedy: String

  /// Looks at the first bytes of a file; nil when they say nothing.
  init?(_ start: [UInt8]) {
    guard let (what, remedy) = Self.ofBrand(start) ?? Self.ofSignature(start) else { return nil }
    (self.what, self.remedy) = (what, remedy)
  }

  private static let convert = "convert it to PNG or JPEG"

  /// ISO media files name their brand after `ftyp`.
  private static func ofBrand(_ start: [UInt8]) -> (String, String)? {
    guard start.count >= 12, start[4..<8].elementsEqual("ftyp".utf8) else { return nil }
    switch String(decoding: start[8..<12], as: UTF8.self) {
    case "avif", "avis": return ("an AVIF picture", convert)
    case "heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1":
      return ("a HEIC picture", convert)
    case let brand: return ("a video or other media file ('\(brand)')", "extract its frames")
    }
  }

  private static func ofSignature(_ start: [UInt8]) -> (String, String)? {
    for (signature, what, remedy) in signatures where start.starts(with: signature) {
      return (what, remedy)
    }
    let text = String(decoding: start.drop { $0 <= 0x20 }, as: UTF8.self).lowercased()
    if text.hasPrefix("version https://git-lfs") {
      return ("a Git LFS pointer, not the file itself", "run 'git lfs pull'")
    }
    if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
      return ("a web page", "download the file itself")
    }
    if text.hasPrefix("<svg") || text.hasPrefix("<?xml") { return ("an SVG or XML text", convert) }
    return nil
  }

  private static let signatures: [([UInt8], String, String)] = [
    ([0, 0, 0, 0x0c, 0x6a, 0x50, 0x20, 0x20], "a JPEG 2000 picture", convert),
    ([0xff, 0x4f, 0xff, 0x51], "a JPEG 2000 picture", convert),
    ([0, 0, 0, 0x0c, 0x4a, 0x58, 0x4c, 0x20], "a JPEG XL picture", convert),
    ([0xff, 0x0a], "a JPEG XL picture", convert),
    (Array("8BPS".utf8), "a Photoshop picture", convert),
    ([0, 0, 1, 0], "a Windows icon", convert),
    (Array("DDS ".utf8), "a DDS texture", convert),
    ([0x76, 0x2f, 0x31, 0x01], "an OpenEXR picture", convert),
    (Array("%PDF".utf8), "a PDF document", convert),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array", "see npy: and npz: for arrays of pictures"),
    ([0x50, 0x4b, 3, 4], "a zip archive", "unpack it"),
    ([0x1f, 0x8b], "gzipped", "unpack it"),
  ]
}
