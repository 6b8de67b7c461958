import ArgumentParser
import Support
import Tensors

/// What every command that computes understands.
struct ComputeOptions: ParsableArguments {
  @Option(help: "Worker threads; all cores if not given. Results do not depend on it.")
  var threads: Int = availableProcessors

  @Option(help: "Matrix products in fp32 (usual), or in bf16 with fp32 sums.")
  var precision: Precision?

  func validate() throws {
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads must be from 1 to 1024, is \(threads)")
    }
  }
}

extension Precision: ExpressibleByArgument {}
