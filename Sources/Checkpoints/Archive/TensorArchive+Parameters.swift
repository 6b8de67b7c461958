import Support
import Tensors

extension TensorArchive {
  /// Copies every parameter of a store from the tensor of the same name.
  ///
  /// - Parameter store: receives the weights.
  /// - Throws: `InputError` naming a tensor that is missing or has another shape.
  package func load(into store: ParameterStore) throws {
    for parameter in store.parameters {
      guard let entry = entry(parameter.name) else {
        throw InputError(source, "has no weight '\(parameter.name)'", "give the whole checkpoint")
      }
      guard entry.shape == parameter.shape else {
        throw InputError(
          source,
          "weight '\(parameter.name)' is \(entry.shape), \(parameter.shape) is needed",
          "give files that belong together")
      }
      try unsafe read(parameter.name, into: parameter.data, count: parameter.count)
    }
  }
}
