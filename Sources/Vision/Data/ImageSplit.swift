/// One part of a data set (training, test, …): annotated pictures in a fixed order.
///
/// Any number of threads may read at once.
package protocol ImageSplit: Sendable {
  /// Number of pictures.
  var count: Int { get }

  /// The picture at `index`; decoded, generated or copied anew each time.
  /// - Throws: `InputError` naming the file that cannot be decoded.
  func image(at index: Int) throws -> Image

  /// The class of the picture at `index`, from zero; draws and decodes nothing.
  func label(at index: Int) -> Int

  /// What is known about the picture at `index`, of the kinds that the data set states.
  /// - Throws: `InputError` naming the file that cannot be read.
  func annotation(at index: Int) throws -> Annotation

  /// The picture at `index` with what is known about it.
  /// - Throws: `InputError` naming the file that cannot be read.
  func sample(at index: Int) throws -> Sample

  /// A name of the picture at `index` that is unique in the data set and stays the same.
  func exampleID(at index: Int) -> String

  /// The format of the file that holds the picture at `index`, where each has one of its own.
  func format(at index: Int) -> String?

  /// Whether the file of the picture at `index` was found to lack its end when it was decoded.
  func isTruncated(at index: Int) -> Bool
}

extension ImageSplit {
  /// The classes of all pictures.
  package var labels: [Int] { (0..<count).map { label(at: $0) } }

  /// The names of all pictures.
  package var ids: [String] { (0..<count).map { exampleID(at: $0) } }

  package func format(at index: Int) -> String? { nil }
  package func isTruncated(at index: Int) -> Bool { false }

  package func annotation(at index: Int) throws -> Annotation {
    Annotation(label: label(at: index))
  }

  package func sample(at index: Int) throws -> Sample {
    Sample(image: try image(at: index), annotation: try annotation(at: index))
  }
}

/// Some pictures of a split, in a given order.
struct SubsetSplit: ImageSplit {
  let base: any ImageSplit
  let indices: [Int]

  var count: Int { indices.count }
  func image(at index: Int) throws -> Image { try base.image(at: indices[index]) }
  func label(at index: Int) -> Int { base.label(at: indices[index]) }
  func annotation(at index: Int) throws -> Annotation { try base.annotation(at: indices[index]) }
  func sample(at index: Int) throws -> Sample { try base.sample(at: indices[index]) }
  func exampleID(at index: Int) -> String { base.exampleID(at: indices[index]) }
  func format(at index: Int) -> String? { base.format(at: indices[index]) }
  func isTruncated(at index: Int) -> Bool { base.isTruncated(at: indices[index]) }
}
