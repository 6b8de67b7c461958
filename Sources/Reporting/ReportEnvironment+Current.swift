import Foundation
import Results
import Support

extension ReportEnvironment {
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
  guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
  return usage.ru_maxrss * 1024
}
