import CKernels

/// A convolution, or gradient of one, as matrix products over its unfolded windows.
///
/// The windows of some output pixels are laid side by side, `[pixels, kernel height · kernel width · in]`, a strip
/// at a time so that it stays in the cache; with them each part is one product, which runs at the processor's rate for
/// any extents. Windows of one pixel are used where they lie. Weights are packed as
/// `[out, kernel height, kernel width, in]`.
final class UnfoldedConvolution: PreparedConvolution {
  private let shape: ConvolutionShape
  private let part: ConvolutionPart
  private var windows: uk_kernel_windows
  /// Output pixels of a strip.
  private let strip: Int
  let packedBytes: Int
  let layout: UInt64 = 1

  /// Floats of a strip's windows that its extent aims at.
  private static let stripFloats = 1 << 19

  /// Prepares a part; nil where it is not for such products: groups and short types.
  init?(_ shape: ConvolutionShape, _ part: ConvolutionPart, strip: Int? = nil) {
    guard shape.groups == 1, shape.type == .float32, shape.outType == .float32 else { return nil }
    self.shape = shape
    self.part = part
    windows = uk_kernel_windows(
      channels: shape.inChannels, height: shape.inHeight, width: shape.inWidth,
      out_height: shape.outHeight, out_width: shape.outWidth, kernel_height: shape.kernelHeight,
      kernel_width: shape.kernelWidth, stride: shape.stride, padding: shape.padding,
      dilation: shape.dilation)
    self.strip = strip ?? max(256, Self.stripFloats / shape.windowLength)
    let isOrdered = shape.kernelHeight * shape.kernelWidth == 1 && part != .weightsGradient
    packedBytes = isOrdered ? 0 : shape.outChannels * shape.windowLength * 4
  }

  /// Whether windows are the pixels themselves.
  private var isPointwise: Bool {
    shape.kernelHeight * shape.kernelWidth == 1 && shape.stride == 1 && shape.padding == 0
  }

  func pack(_ weights: UnsafeRawPointer, into packed: UnsafeMutableRawPointer) {
    let (area, depth) = (shape.kernelHeight * shape.kernelWidth, shape.inChannels)
    let source = weights.assumingMemoryBound(to: Float.self)
    let target = packed.assumingMemoryBound(to: Float.self)
    for out in 0..<shape.outChannels {
      let (from, to) = (source + out * area * depth, target + out * area * depth)
      for place in 0..<area {
        for channel in 0..<depth { to[place * depth + channel] = from[channel * area + place] }
      }
    }
  }

  func add(_ packed: UnsafeRawPointer, to gradient: UnsafeMutablePointer<Float>) {
    let (area, depth) = (shape.kernelHeight * shape.kernelWidth, shape.inChannels)
    let source = packed.assumingMemoryBound(to: Float.self)
    for out in 0..<shape.outChannels {
      let (from, to) = (source + out * area * depth, gradient + out * area * depth)
      for channel in 0..<depth {
        for place in 0..<area { to[channel * area + place] += from[place * depth + channel] }
      }
    }
  }

  func run(
    source: UnsafeMutableRawPointer, weights: UnsafeMutableRawPointer,
    bias: UnsafePointer<Float>?, destination: UnsafeMutableRawPointer, in workspace: Workspace
  ) {
    let x = source.assumingMemoryBound(to: Float.self)
    let y = destination.assumingMemoryBound(to: Float.self)
    let w = weights.assumingMemoryBound(to: Float.self)
    // Where nothing is unfolded the windows of all pixels are there.
    let extent = isPointwise ? shape.outPixels : min(strip, shape.outPixels)
    let bytes = isPointwise ? 64 : extent * shape.windowLength * 4
    let buffer = workspace.take(bytes)
    defer { workspace.give(buffer, bytes) }
    let unfolded = buffer.assumingMemoryBound(to: Float.self)
    if part == .sourceGradient, !isPointwise {
      x.update(repeating: 0, count: shape.batch * shape.inHeight * shape.inWidth * shape.inChannels)
    }
    for first in stride(from: 0, to: shape.outPixels, by: extent) {
      let count = min(extent, shape.outPixels - first)
      let rows = isPointwise ? x : unfolded
      let out = y + first * shape.outChannels
      switch part {
      case .forward:
        if !isPointwise { uk_unfold_windows(x, &windows, first, count, unfolded) }
        multiply(forward(count), rows, w, out, bias, workspace)
        if shape.rectifies {
          uk_activate(uk_relu, out, out, uk_float32, count * shape.outChannels)
        }
      case .sourceGradient:
        multiply(toWindows(count), out, w, rows, nil, workspace)
        if !isPointwise { uk_add_windows(unfolded, &windows, first, count, x) }
      case .weightsGradient:
        if !isPointwise { uk_unfold_windows(x, &windows, first, count, unfolded) }
        multiply(toWeights(count, adds: first > 0), out, rows, w, nil, workspace)
      }
    }
  }

  /// `[pixels, out] = windows · weightsᵀ`.
  private func forward(_ pixels: Int) -> ProductShape {
    let (out, length) = (shape.outChannels, shape.windowLength)
    return ProductShape(
      rows: pixels, columns: out, inner: length, a: .init(row: length, column: 1),
      b: .init(row: 1, column: length), c: .init(row: out, column: 1), hasBias: shape.hasBias,
      addition: shape.adds ? .accumulate : .overwrite)
  }

  /// `windows' gradient = [pixels, out] · weights`.
  private func toWindows(_ pixels: Int) -> ProductShape {
    let (out, length) = (shape.outChannels, shape.windowLength)
    return ProductShape(
      rows: pixels, columns: length, inner: out, a: .init(row: out, column: 1),
      b: .init(row: length, column: 1), c: .init(row: length, column: 1))
  }

  /// `weights' gradient = [pixels, out]ᵀ · windows`.
  private func toWeights(_ pixels: Int, adds: Bool) -> ProductShape {
    let (out, length) = (shape.outChannels, shape.windowLength)
    return ProductShape(
      rows: out, columns: length, inner: pixels, a: .init(row: 1, column: out),
      b: .init(row: length, column: 1), c: .init(row: length, column: 1),
      addition: adds ? .accumulate : .overwrite)
  }

  private func multiply(
    _ product: ProductShape, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>?, _ workspace: Workspace
  ) {
    workspace.product(product).run(a, b, c, bias: bias, matrix: nil, in: workspace)
  }
}
