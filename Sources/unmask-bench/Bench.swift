import Foundation
import Results
import Support

/// Measurements that `make bench` sets beside PyTorch's: `unmask-bench NAME [KEY=VALUE]...`
/// prints one line of JSON.
@main
struct Bench {
  static let measurements: [String: @Sendable (Options) throws -> JSON] = [
    "mae-step": measureMAEStep, "simmim-step": measureSimMIMStep,
    "simclr-step": measureSimCLRStep,
    "features": measureFeatures,
    "gemm": measureGemm,
    "load-pth": measureLoading,
    "load-safetensors": measureLoading,
    "knn": measureKNN,
    "linear-probe": measureLinearProbe,
    "attentive-probe": measureAttentiveProbe,
    "bootstrap": measureBootstrap,
    "corruptions": measureCorruptions,
    "score-bbox": { try measureScore(.boxes, $0) },
    "score-segm": { try measureScore(.masks, $0) },
    "reports": generateReports,
  ]

  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let name = arguments.first, let measure = measurements[name] else {
      let names = measurements.keys.sorted().joined(separator: "|")
      print("usage: unmask-bench \(names) [KEY=VALUE]...")
      exit(2)
    }
    print(try measure(Options(arguments.dropFirst())).text(pretty: false))
  }
}

/// The `KEY=VALUE` words of a command line.
struct Options {
  private var values: [String: String] = [:]

  init(_ words: ArraySlice<String>) {
    for word in words {
      let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
      if parts.count == 2 { values[parts[0]] = parts[1] }
    }
  }

  func integer(_ key: String, _ fallback: Int) -> Int { values[key].flatMap(Int.init) ?? fallback }
  func string(_ key: String, _ fallback: String) -> String { values[key] ?? fallback }
}

/// Seconds of each repetition after `warmUps` that are not counted.
func repeated(_ count: Int, warmUps: Int = 1, _ body: () throws -> Void) rethrows -> [Double] {
  var seconds: [Double] = []
  for index in 0..<count + warmUps {
    let start = DispatchTime.now().uptimeNanoseconds
    try body()
    let end = DispatchTime.now().uptimeNanoseconds
    if index >= warmUps { seconds.append(Double(end - start) * 1e-9) }
  }
  return seconds
}

/// The middle of sorted values.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// The largest resident set of this process so far.
func peakResidentBytes() -> Int {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return usage.ru_maxrss * 1024
}

/// What every measurement reports; `check` is a number on which the rival must agree roughly.
func result(
  _ name: String, seconds: [Double], images: Int? = nil, flops: Double? = nil, check: Double? = nil
) -> JSON {
  var object: [String: JSON] = [
    "name": .string(name),
    "seconds": .number(median(seconds)),
    "seconds_all": .array(seconds.map { .number($0) }),
    "peak_rss_bytes": .integer(peakResidentBytes()),
  ]
  if let images { object["images_per_second"] = .number(Double(images) / median(seconds)) }
  if let check { object["check"] = .number(check) }
  if let flops { object["gflops"] = .number(flops / median(seconds) * 1e-9) }
  return .object(object)
}
