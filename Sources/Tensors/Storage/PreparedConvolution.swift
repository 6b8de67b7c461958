/// Which of a convolution's three computations a primitive does.
enum ConvolutionPart: UInt32 {
  case forward = 0
  case sourceGradient = 1
  case weightsGradient = 2
}

/// One convolution, or gradient of one, prepared for its shape; single-threaded.
protocol PreparedConvolution: AnyObject {
  /// Bytes of packed weights; 0 when they are used as they are.
  var packedBytes: Int { get }
  /// Equal for convolutions that can share packed weights of one parameter.
  var layout: UInt64 { get }

  /// Writes weights in the order that `run` reads.
  func pack(_ weights: UnsafeRawPointer, into packed: UnsafeMutableRawPointer)

  /// Adds a packed gradient to one in PyTorch's order.
  func add(_ packed: UnsafeRawPointer, to gradient: UnsafeMutablePointer<Float>)

  /// Computes the one of source, weights and destination that this part writes from the others.
  func run(
    source: UnsafeMutableRawPointer, weights: UnsafeMutableRawPointer,
    bias: UnsafePointer<Float>?, destination: UnsafeMutableRawPointer, in workspace: Workspace)
}

/// The faster of the two ways on this processor.
func prepareConvolution(_ shape: ConvolutionShape, _ part: ConvolutionPart)
  -> any PreparedConvolution
{
  let direct = DirectConvolution(shape, part)
  guard !direct.isWide, let unfolded = UnfoldedConvolution(shape, part) else { return direct }
  return unfolded
}
