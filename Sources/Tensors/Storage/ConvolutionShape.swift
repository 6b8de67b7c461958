/// Extents of a convolution of channels-last feature maps.
struct ConvolutionShape: Hashable {
  var batch: Int
  var (inChannels, inHeight, inWidth): (Int, Int, Int)
  var (outChannels, kernelHeight, kernelWidth): (Int, Int, Int)
  var stride = 1
  var padding = 0
  var dilation = 1
  var groups = 1
  var type: ElementType
  var outType: ElementType
  var hasBias = false
  var adds = false
  var rectifies = false

  var outHeight: Int { (inHeight + 2 * padding - (kernelHeight - 1) * dilation - 1) / stride + 1 }
  var outWidth: Int { (inWidth + 2 * padding - (kernelWidth - 1) * dilation - 1) / stride + 1 }

  /// The same without what only the forward pass does.
  var plain: ConvolutionShape {
    var plain = self
    (plain.hasBias, plain.adds, plain.rectifies, plain.outType) = (false, false, false, type)
    return plain
  }

  /// Pixels of all results.
  var outPixels: Int { batch * outHeight * outWidth }
  /// Inputs of one output.
  var windowLength: Int { kernelHeight * kernelWidth * inChannels / groups }
}
