import COneDNN

/// Which of a convolution's three computations a primitive does.
enum ConvolutionPart: UInt32 {
  case forward = 0
  case sourceGradient = 1
  case weightsGradient = 2
}

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

  fileprivate var shim: od_convolution_shape {
    od_convolution_shape(
      batch: Int64(batch), groups: Int64(groups), in_channels: Int64(inChannels),
      in_height: Int64(inHeight), in_width: Int64(inWidth), out_channels: Int64(outChannels),
      out_height: Int64(outHeight), out_width: Int64(outWidth),
      kernel_height: Int64(kernelHeight), kernel_width: Int64(kernelWidth), stride: Int64(stride),
      padding: Int64(padding), dilation: Int64(dilation), type: type.rawValue,
      out_type: outType.rawValue, has_bias: hasBias ? 1 : 0, adds: adds ? 1 : 0,
      rectifies: rectifies ? 1 : 0)
  }
}

/// One convolution, or gradient of one, prepared for its shape; single-threaded.
final class PreparedConvolution {
  private let shape: ConvolutionShape
  private let handle: OpaquePointer
  private let scratchBytes: Int
  /// Bytes of packed weights; 0 when they are used as they are.
  let packedBytes: Int
  /// Equal for convolutions that can share packed weights of one parameter.
  let layout: UInt64

  init(_ shape: ConvolutionShape, _ part: ConvolutionPart) {
    self.shape = shape
    var description = shape.shim
    guard let made = od_convolution_create(&description, od_convolution_part(part.rawValue)) else {
      preconditionFailure("oneDNN has no convolution for \(shape)")
    }
    handle = made
    scratchBytes = od_convolution_scratch(made)
    packedBytes = od_convolution_packed(made)
    layout = od_convolution_layout(made)
  }

  deinit { od_convolution_destroy(handle) }

  /// Writes weights in the order that `run` reads.
  func pack(_ weights: UnsafeRawPointer, into packed: UnsafeMutableRawPointer) {
    check(od_convolution_pack(handle, weights, packed))
  }

  /// Adds a packed gradient to one in PyTorch's order.
  func add(_ packed: UnsafeRawPointer, to gradient: UnsafeMutablePointer<Float>) {
    check(od_convolution_add_gradient(handle, packed, gradient))
  }

  /// Computes the one of source, weights and destination that this part writes from the others.
  func run(
    source: UnsafeMutableRawPointer, weights: UnsafeMutableRawPointer,
    bias: UnsafePointer<Float>? = nil, destination: UnsafeMutableRawPointer,
    in workspace: Workspace
  ) {
    let scratch = workspace.scratch(bytes: scratchBytes)
    check(od_convolution_run(handle, source, weights, bias, destination, scratch))
  }

  private func check(_ status: Int32) {
    precondition(status == 0, "oneDNN failed with status \(status) on \(shape)")
  }
}
