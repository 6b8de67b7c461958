/// The machine and the software that a report was made with.
package struct ReportEnvironment: Equatable, Sendable {
  /// The processor's name.
  package var cpu: String
  /// How many processors the process could use.
  package var cores: Int
  /// How many worker threads it used.
  package var threads: Int
  /// `fp32` or `bf16`.
  package var precision: String
  /// Versions of the libraries that compute, by name.
  package var libraries: [String: String]
  /// The operating system and its kernel.
  package var operatingSystem: String
  /// The most memory the process held.
  package var peakMemoryBytes: Int

  /// A description of a machine.
  package init(
    cpu: String, cores: Int, threads: Int, precision: String, libraries: [String: String],
    operatingSystem: String, peakMemoryBytes: Int
  ) {
    self.cpu = cpu
    self.cores = cores
    self.threads = threads
    self.precision = precision
    self.libraries = libraries
    self.operatingSystem = operatingSystem
    self.peakMemoryBytes = peakMemoryBytes
  }
}
