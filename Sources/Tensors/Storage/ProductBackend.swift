import Support

/// Which library computes matrix products.
package enum ProductBackend: String, CaseIterable, Sendable {
  /// What everything but tests uses.
  case oneDNN = "onednn"
  /// Slow and independent; tests hold it against the first.
  case openBLAS = "openblas"

  /// The library that `UNMASK_GEMM` names; oneDNN where it is not set or another name is given,
  /// which ``check()`` refuses before anything is computed.
  static let chosen =
    Environment.value("UNMASK_GEMM").flatMap { Self(rawValue: $0) } ?? .oneDNN

  /// Refuses a value of `UNMASK_GEMM` that names no library.
  /// - Throws: `InputError` with the names there are.
  package static func check() throws {
    guard let name = Environment.value("UNMASK_GEMM"), Self(rawValue: name) == nil else { return }
    throw InputError(
      "UNMASK_GEMM", "there is no library '\(name)' for matrix products",
      suggestion(for: name, among: allCases.map(\.rawValue)))
  }
}
