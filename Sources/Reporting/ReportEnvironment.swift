import Foundation
import Support
import Tensors

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

  /// This machine and process, with the memory used until now.
  package static func current(threads: Int, precision: String) -> ReportEnvironment {
    ReportEnvironment(
      cpu: processorName(), cores: availableProcessors, threads: threads, precision: precision,
      libraries: loadedLibraries(), operatingSystem: operatingSystemName(),
      peakMemoryBytes: peakMemory())
  }
}

private func processorName() -> String {
  let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
  let line = information.split(separator: "\n").first { $0.hasPrefix("model name") }
  let name = line?.split(separator: ":", maxSplits: 1).last.map {
    $0.trimmingCharacters(in: .whitespaces)
  }
  return name ?? "unknown"
}

private func operatingSystemName() -> String {
  let release = (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8)) ?? ""
  let line = release.split(separator: "\n").first { $0.hasPrefix("PRETTY_NAME=") }
  let name = line?.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""])
  let kernel = try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8)
  let parts = [name, kernel.map { "Linux " + $0.trimmingCharacters(in: .whitespacesAndNewlines) }]
  return parts.compactMap { $0 }.joined(separator: ", ")
}

private func peakMemory() -> Int {
  var usage = rusage()
  guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
  return usage.ru_maxrss * 1024
}
