/// What one image costs a training step, from the architecture.
///
/// Floating-point operations are those of matrix products, two for each multiply-add. The backward pass
/// counts twice the forward pass: a product for the inputs' gradients and one for the weights'.
package struct PretrainingCost: Equatable, Sendable {
  /// Patches of an image.
  package let patches: Int
  /// Patches that the encoder sees.
  package let visiblePatches: Int
  /// Operations of the encoder's forward pass.
  package let encoderForward: Double
  /// Operations of the forward pass of what is only there for pretraining: decoder and heads.
  package let predictorForward: Double
  /// Operations of the forward passes that make targets, of a teacher or the encoder itself, which have no backward pass.
  package let teacherForward: Double

  /// A cost for each image.
  package init(
    patches: Int, visiblePatches: Int, encoderForward: Double, predictorForward: Double,
    teacherForward: Double = 0
  ) {
    self.patches = patches
    self.visiblePatches = visiblePatches
    self.encoderForward = encoderForward
    self.predictorForward = predictorForward
    self.teacherForward = teacherForward
  }

  /// Operations of forward and backward pass.
  package var training: Double { 3 * (encoderForward + predictorForward) + teacherForward }
}
