import Encoders
import Support
import Tensors
import Vision

/// How an image becomes the views that are learned from; every file of `Views` is one.
package protocol ViewBuilder: Sendable {
  /// The name in recipes.
  static var kind: String { get }
  /// One line for people.
  static var summary: String { get }

  /// Reads the settings.
  ///
  /// - Parameters:
  ///   - fields: the recipe's `view` section.
  ///   - side: of the encoder's square input, in pixels.
  /// - Throws: `InputError` for a value out of bounds.
  init(_ fields: Fields, side: Int) throws

  /// Views of an image.
  var count: Int { get }
  /// What levels are normalised with.
  var statistics: PixelStatistics { get }
  /// The filter of the resize, which evaluation uses too.
  var interpolation: Interpolation { get }

  /// Draws one view.
  ///
  /// - Parameters:
  ///   - image: the picture.
  ///   - random: what the draws come from; each view has its own.
  ///   - planes: receives levels in 0…255, `[3, side, side]`.
  func render(
    _ image: Image, random: inout RandomStream, into planes: UnsafeMutablePointer<Float>)
}

/// The views that a recipe's `view:` section describes; one crop where it names no kind.
func makeView(_ fields: Fields, side: Int) throws -> any ViewBuilder {
  // Recipes older than the choice name no kind, and resolve as they did.
  fields.recordsDefaults = false
  let type = try takePart(
    fields, of: allViews.map { ($0.kind, $0) }, default: CropView.kind, "view")
  fields.recordsDefaults = true
  let view = try type.init(fields, side: side)
  try fields.finish()
  return view
}
