import COneDNN

/// A convolution, or gradient of one, by oneDNN's own primitive.
final class DirectConvolution: PreparedConvolution {
  private let shape: ConvolutionShape
  private let handle: OpaquePointer
  private let scratchBytes: Int
  let packedBytes: Int
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

  /// Whether the library's loops are written for vectors of 512 bits.
  ///
  /// Its channels-last loops for narrower ones reach a third to a half of what its products do.
  var isWide: Bool {
    let name = String(cString: od_convolution_implementation(handle))
    return name.contains("avx512") || name.contains("brgconv")
  }

  func pack(
    _ weights: UnsafeRawPointer, into packed: UnsafeMutableRawPointer
  ) {
    check(od_convolution_pack(handle, weights, packed))
  }

  func add(_ packed: UnsafeRawPointer, to gradient: UnsafeMutablePointer<Float>) {
    check(od_convolution_add_gradient(handle, packed, gradient))
  }

  func run(
    source: UnsafeMutableRawPointer, weights: UnsafeMutableRawPointer,
    bias: UnsafePointer<Float>?, destination: UnsafeMutableRawPointer, in workspace: Workspace
  ) {
    let scratch = workspace.scratch(bytes: scratchBytes)
    check(od_convolution_run(handle, source, weights, bias, destination, scratch))
  }

  private func check(_ status: Int32) {
    precondition(status == 0, "oneDNN failed with status \(status) on \(shape)")
  }
}

extension ConvolutionShape {
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
