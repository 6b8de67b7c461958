import Foundation
import Support

/// Pictures of what a pretraining hides and paints in that no file holds yet, as PNG.
package struct DrawnPictures: Equatable, Sendable {
  /// The images as the encoder sees them.
  package var original: Data
  /// The same with hidden patches grey.
  package var masked: Data
  /// The same with hidden patches painted in.
  package var reconstruction: Data

  /// Three strips of pictures.
  package init(original: Data, masked: Data, reconstruction: Data) {
    self.original = original
    self.masked = masked
    self.reconstruction = reconstruction
  }
}

/// A picture of a task's numbers that no file holds yet.
package struct DrawnFigure: Equatable, Sendable {
  /// The file's name, with its ending.
  package var name: String
  /// The file's content.
  package var content: Data

  /// A picture by name and content.
  package init(name: String, content: Data) {
    self.name = name
    self.content = content
  }
}

/// Pictures of what a checkpoint's pretraining hides and paints in, as files beside a report.
package struct ReportPictures: Equatable, Sendable {
  /// One file.
  package struct Strip: Equatable, Sendable {
    /// Relative to the report's folder.
    package var path: String
    /// SHA-256 of its bytes.
    package var sha256: String

    /// A file by path and hash.
    package init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }
  }

  /// The images as the encoder sees them.
  package var original: Strip
  /// The same with hidden patches grey.
  package var masked: Strip
  /// The same with hidden patches painted in.
  package var reconstruction: Strip
  /// The data set whose test images they are.
  package var data: String

  /// Three strips of images of `data`.
  package init(original: Strip, masked: Strip, reconstruction: Strip, data: String) {
    self.original = original
    self.masked = masked
    self.reconstruction = reconstruction
    self.data = data
  }

  /// Writes the pictures below `figures`.
  ///
  /// - Parameters:
  ///   - pictures: what was drawn.
  ///   - files: the files beside the report.
  ///   - data: the data set whose test images they are.
  /// - Throws: `InputError` when the folder cannot be written.
  init(_ pictures: DrawnPictures, in files: ReportFiles, data: String) throws {
    func write(_ bytes: Data, _ name: String) throws -> Strip {
      let path = try files.add(bytes, as: "figures/pretraining-\(name).png")
      return Strip(path: path, sha256: SHA256.hex(of: bytes))
    }
    self.init(
      original: try write(pictures.original, "original"),
      masked: try write(pictures.masked, "masked"),
      reconstruction: try write(pictures.reconstruction, "reconstruction"), data: data)
  }

  var json: JSON {
    func json(_ strip: Strip) -> JSON {
      ["path": .string(strip.path), "sha256": .string(strip.sha256)]
    }
    return [
      "original": json(original), "masked": json(masked), "reconstruction": json(reconstruction),
      "data": .string(data),
    ]
  }

  init(_ reader: JSONReader) throws {
    func strip(_ key: String) throws -> Strip {
      let strip = try reader.required(key)
      return Strip(
        path: try strip.required("path").string(), sha256: try strip.required("sha256").string())
    }
    self.init(
      original: try strip("original"), masked: try strip("masked"),
      reconstruction: try strip("reconstruction"), data: try reader.required("data").string())
  }
}
