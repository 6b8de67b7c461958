import Support

extension Recipe {
  /// Reads a recipe without opening its data.
  ///
  /// - Parameter path: a YAML file.
  /// - Returns: the recipe, as for a data set of a thousand images.
  /// - Throws: `InputError` with file and line when a key is unknown or out of bounds.
  package static func check(_ path: String) throws -> Recipe {
    try Recipe(Fields(contentsOf: path), name: path) { _ in 1_000 }
  }
}
