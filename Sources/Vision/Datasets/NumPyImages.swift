import Foundation
import Support

/// Pictures and labels in `.npy` files.
enum NumPyImages: DatasetKind {
  static let kind = "npy"
  static let summary =
    "NumPy arrays: x_train.npy, y_train.npy, x_test.npy, y_test.npy (and x_val.npy, y_val.npy)"
  static let placeholder: String? = "DIR or PREFIX"
  static let options = [
    DatasetOption(
      name: "classes", summary: "number of classes (the greatest training label + 1 by default)")
  ]

  static func recognizes(_ path: String) -> Bool {
    isFile(path + "/x_train.npy") || isFile(path + "x_train.npy")
  }

  static func open(_ specification: DatasetSpecification) throws -> Dataset {
    let prefix = try prefix(of: specification)
    func pair(_ name: String) throws -> ArrayPictures {
      try ArrayPictures(
        images: NumPyArray(prefix + "x_\(name).npy"), labels: NumPyArray(prefix + "y_\(name).npy"))
    }
    func name(_ split: String) -> String {
      URL(fileURLWithPath: prefix + "x_\(split).npy").lastPathComponent
    }
    let hasValidation = isFile(prefix + "x_val.npy")
    return try ArrayPictures.dataset(
      specification, train: pair("train"), validation: hasValidation ? pair("val") : nil,
      test: pair("test"), names: ["train", "val", "test"].map(name))
  }

  /// What comes before `x_train.npy`: a folder and a slash, or the path itself.
  private static func prefix(of specification: DatasetSpecification) throws -> String {
    if let path = specification.path, !isFolder(path), isFile(path + "x_train.npy") {
      return path
    }
    return try specification.folder() + "/"
  }
}
