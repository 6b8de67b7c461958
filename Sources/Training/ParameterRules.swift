import Encoders
import Foundation
import Support
import Tensors

/// The usual groups of parameters: no decay on those of one dimension, rates that fall towards the input, frozen layers.
package struct ParameterRules: Sendable {
  /// Decay of parameters that have any.
  package var decay: Double
  /// The ends of names that get no decay, beside parameters of one dimension: `pos_embed`, `cls_token`.
  package var undecayed: [String]
  /// What each layer's rate is of the next one's; 1 for equal rates.
  package var layerDecay: Double
  /// The first layers, the embedding among them, that stay as they are.
  package var frozenLayers: Int

  /// Groups; by default decay alone tells parameters apart.
  package init(
    decay: Double, undecayed: [String] = [], layerDecay: Double = 1, frozenLayers: Int = 0
  ) {
    self.decay = decay
    self.undecayed = undecayed
    self.layerDecay = layerDecay
    self.frozenLayers = frozenLayers
  }

  /// The rule of each parameter of a head, which stands behind the last layer.
  package var ofHead: @Sendable (Parameter) -> ParameterRule {
    { ParameterRule(decay: decay(of: $0)) }
  }

  /// The rule of each parameter of an encoder.
  ///
  /// As timm's `param_groups_layer_decay`: layer `l` of `n` has the rate times `layerDecay^(n − l)`, where the head
  /// would be layer `n` (Bao et al. 2022, Clark et al. 2020).
  package func of(_ encoder: any Encoder) -> @Sendable (Parameter) -> ParameterRule {
    { parameter in
      let layer = encoder.layer(of: parameter)
      guard layer >= frozenLayers else { return .frozen }
      let factor = pow(layerDecay, Double(encoder.layerCount - layer))
      return ParameterRule(rateFactor: Float(factor), decay: decay(of: parameter))
    }
  }

  private func decay(of parameter: Parameter) -> Float {
    let isExempt =
      parameter.shape.count <= 1 || undecayed.contains { parameter.name.hasSuffix($0) }
    return isExempt ? 0 : Float(decay)
  }
}
