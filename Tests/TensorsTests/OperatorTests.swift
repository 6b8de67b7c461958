import Support
import Tensors
import TestSupport
import Testing

extension OperatorCase {
  /// Every operator at several extents; a new operator adds its list here.
  static let all: [OperatorCase] =
    linear + groupedLinear + layerNorm + attention + attentionPooling + rotary + tokens
    + elementwise + convolution + batchNorm
    + pooling + resize + reductions + rows + layout
}

/// What must hold of every operator, whatever it computes.
@Suite struct OperatorTests {
  @Test(arguments: OperatorCase.all)
  func gradientsAgreeWithFiniteDifferences(test: OperatorCase) {
    let mismatch = OperatorTrial(test).largestMismatch()
    #expect(mismatch.relative <= test.tolerance, "\(mismatch)")
  }

  /// Contributions to one gradient add up, whichever comes first.
  @Test(arguments: OperatorCase.all)
  func gradientsOfRepeatedUseAddUp(test: OperatorCase) {
    var options = OperatorTrial.Options()
    options.uses = 2
    let mismatch = OperatorTrial(test).largestMismatch(options, sample: 8)
    #expect(mismatch.relative <= test.tolerance, "\(mismatch)")
  }

  /// What is not trained changes no gradient of what is, and gets none itself.
  @Test(arguments: OperatorCase.all)
  func frozenValuesLeaveOtherGradientsAlone(test: OperatorCase) {
    let trial = OperatorTrial(test)
    let full = trial.run()
    for index in test.parameters.indices {
      var options = OperatorTrial.Options()
      options.frozen = Set(test.parameters.indices).subtracting([index])
      for differentiatesInputs in [true, false] {
        options.differentiatesInputs = differentiatesInputs
        let part = trial.run(options)
        #expect(part.parameterGradients[index] == full.parameterGradients[index])
        for other in options.frozen {
          #expect(part.parameterGradients[other].allSatisfy { $0 == 0 })
        }
        if differentiatesInputs { #expect(part.inputGradients == full.inputGradients) }
      }
    }
  }

  @Test(arguments: OperatorCase.all)
  func runsTheSameTwiceAndWithoutGradients(test: OperatorCase) {
    let trial = OperatorTrial(test)
    let first = trial.run()
    #expect(trial.run() == first)
    var options = OperatorTrial.Options()
    options.trains = false
    #expect(trial.run(options).outputs == first.outputs)
  }

  /// Cases run side by side on threads that have made no primitive yet: what oneDNN makes must neither depend on
  /// the thread nor suffer from others being made at once.
  @Test(arguments: OperatorCase.all, Precision.available)
  func aNewThreadComputesTheSame(test: OperatorCase, precision: Precision) throws {
    @Sendable func outcome() -> OperatorResult {
      var options = OperatorTrial.Options()
      options.precision = precision
      return OperatorTrial(test).run(options)
    }
    let there = try Background { outcome() }.value()
    #expect(outcome() == there)
  }

  /// Eight bits of mantissa in the operands, 32-bit sums.
  @Test(
    .enabled(if: Precision.available.contains(.bf16), "this processor has no bf16"),
    arguments: OperatorCase.all.filter { $0.bfloat16Tolerance != nil })
  func bfloat16IsCloseToFloat32(test: OperatorCase) {
    let trial = OperatorTrial(test)
    var options = OperatorTrial.Options()
    let exact = trial.run(options)
    options.precision = .bf16
    let rounded = trial.run(options)
    let tolerance = test.bfloat16Tolerance ?? 0
    #expect(distance(rounded.outputs[0], exact.outputs[0]) <= tolerance)
    for (a, b) in zip(rounded.parameterGradients, exact.parameterGradients) {
      #expect(distance(a, b) <= 2 * tolerance)
    }
    for (a, b) in zip(rounded.inputGradients, exact.inputGradients) {
      #expect(distance(a ?? [], b ?? []) <= 2 * tolerance)
    }
  }

  /// The largest difference over the largest element of `b`; infinite for NaN or unequal lengths.
  private func distance(_ a: [Float], _ b: [Float]) -> Double {
    guard a.count == b.count else { return .infinity }
    return Double(largestRelativeDifference(Tensor([a.count], a), from: Tensor([b.count], b)))
  }
}
