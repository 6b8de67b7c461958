import CKernels

extension Graph {
  /// The largest element of each window; zeros around the image never win.
  ///
  /// - Parameters:
  ///   - x: `[batch, height, width, channels]`.
  ///   - kernel: side of a window, at most 15.
  ///   - stride: step of the window.
  ///   - padding: at most half the kernel.
  /// - Returns: `[batch, height', width', channels]`, in the type of `x`.
  package func maxPooled(_ x: Node, kernel: Int, stride: Int, padding: Int = 0) -> Node {
    var windows = windows(over: x, kernel: kernel, stride: stride, padding: padding)
    let out = makeNode(pooledShape(windows), x.type, needsGradient: x.needsGradient)
    guard out.needsGradient else {
      uk_max_pool(&windows, x.raw, x.type.kernel, out.raw, nil)
      return out
    }
    let places = NodeStorage(bytes: out.count, workspace: workspace)
    uk_max_pool(
      &windows, x.raw, x.type.kernel, out.raw, places.data.assumingMemoryBound(to: UInt8.self))
    record { [self] in
      guard let d = out.storage.gradient else { return }
      var windows = windows
      withGradientSum(of: x) { sum in
        uk_max_pool_backward(
          &windows, d, out.type.kernel, places.data.assumingMemoryBound(to: UInt8.self), sum)
      }
    }
    return out
  }

  /// The mean of each window.
  ///
  /// - Parameters:
  ///   - x: `[batch, height, width, channels]`.
  ///   - kernel: side of a window, at most 15.
  ///   - stride: step of the window.
  ///   - padding: zeros around the image, at most half the kernel.
  ///   - countsPadding: whether the zeros count in the divisor.
  /// - Returns: `[batch, height', width', channels]`, in the type of `x`.
  package func averagePooled(
    _ x: Node, kernel: Int, stride: Int, padding: Int = 0, countsPadding: Bool = true
  ) -> Node {
    var windows = windows(over: x, kernel: kernel, stride: stride, padding: padding)
    let counts: Int32 = countsPadding ? 1 : 0
    let out = makeNode(pooledShape(windows), x.type, needsGradient: x.needsGradient)
    uk_average_pool(&windows, counts, x.raw, x.type.kernel, out.raw)
    if out.needsGradient {
      record { [self] in
        guard let d = out.storage.gradient else { return }
        var windows = windows
        withGradientSum(of: x) { sum in
          uk_average_pool_backward(&windows, counts, d, out.type.kernel, sum)
        }
      }
    }
    return out
  }

  /// The mean over height and width.
  ///
  /// - Parameter x: `[batch, height, width, channels]`.
  /// - Returns: float32 `[batch, channels]`.
  package func globallyAveraged(_ x: Node) -> Node {
    precondition(x.shape.count == 4, "a feature map has four dimensions, not \(x.shape)")
    return mean(converted(x, to: .float32), axes: 1..<3)
  }

  private func windows(over x: Node, kernel: Int, stride: Int, padding: Int) -> uk_windows {
    precondition(
      x.shape.count == 4 && (1...15).contains(kernel) && stride > 0 && 2 * padding <= kernel,
      "windows of \(kernel) with padding \(padding) over \(x.shape)")
    let extent = { (size: Int) in (size + 2 * padding - kernel) / stride + 1 }
    precondition(
      min(x.shape[1], x.shape[2]) + 2 * padding >= kernel,
      "windows of \(kernel) do not fit \(x.shape)")
    return uk_windows(
      batch: x.shape[0], height: x.shape[1], width: x.shape[2], channels: x.shape[3],
      out_height: extent(x.shape[1]), out_width: extent(x.shape[2]), kernel: kernel,
      stride: stride, padding: padding)
  }

  private func pooledShape(_ windows: uk_windows) -> [Int] {
    [windows.batch, windows.out_height, windows.out_width, windows.channels]
  }
}
