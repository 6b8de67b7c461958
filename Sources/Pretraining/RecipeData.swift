import Vision

/// What a recipe has to know of its data.
package struct RecipeData: Sendable {
  /// Pictures to learn from.
  package let images: Int
  /// Classes of their labels; nil where they have none.
  package let classes: Int?

  /// Data of so many pictures.
  package init(images: Int, classes: Int? = nil) {
    self.images = images
    self.classes = classes
  }

  /// The training split of a data set.
  package init(_ dataset: Dataset) {
    images = dataset.train.count
    classes = dataset.annotations.contains(.label) ? dataset.classes.count : nil
  }

  /// What recipes are checked with that are read without their data.
  package static let example = RecipeData(images: 1_000, classes: 10)
}
