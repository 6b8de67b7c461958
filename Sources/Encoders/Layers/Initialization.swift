import Foundation
import Support
import Tensors

/// How the elements of a fresh parameter are drawn; each parameter has its own random stream,
/// named after it, so that adding one changes no other.
package enum Initialization: Sendable {
  case constant(Float)
  /// Normal with the given deviation.
  case normal(Float)
  /// Normal, redrawn outside two deviations.
  case truncatedNormal(Float)
  /// Uniform in ±√(6 / (fanIn + fanOut)) (Glorot & Bengio 2010).
  case xavierUniform(fanIn: Int, fanOut: Int)
  /// Uniform in ±bound.
  case uniform(Float)
  /// Normal with deviation √(2 / fanOut) (He et al. 2015), for convolutions.
  case heNormal(fanOut: Int)

  /// Fills a parameter from the stream of its name.
  package func fill(_ parameter: Parameter, seed: UInt64) {
    fill(parameter, from: RandomStream(seed: seed, purpose: "initialise " + parameter.name))
  }

  /// Fills a parameter from a stream; the same stream gives the same elements.
  package func fill(_ parameter: Parameter, from random: RandomStream) {
    var random = random
    let data = unsafe parameter.data
    for i in 0..<parameter.count { unsafe data[i] = draw(&random) }
  }

  private func draw(_ random: inout RandomStream) -> Float {
    switch self {
    case .constant(let value): return value
    case .normal(let deviation): return deviation * random.normal()
    case .truncatedNormal(let deviation):
      while true {
        let value = random.normal()
        if abs(value) <= 2 { return deviation * value }
      }
    case .xavierUniform(let fanIn, let fanOut):
      let bound = (6 / Float(fanIn + fanOut)).squareRoot()
      return random.uniform(-bound, bound)
    case .uniform(let bound): return random.uniform(-bound, bound)
    case .heNormal(let fanOut): return (2 / Float(fanOut)).squareRoot() * random.normal()
    }
  }
}
