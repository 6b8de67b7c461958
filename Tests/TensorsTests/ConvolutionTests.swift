import Support
import TestSupport
import Testing

@testable import Tensors

extension OperatorCase {
  private static func convolution(
    _ name: String, _ input: [Int], _ weight: [Int], _ options: ConvolutionOptions,
    output: ElementType? = .float32
  ) -> OperatorCase {
    OperatorCase("convolution, \(name)", inputs: [input], parameters: [weight, [weight[0]]]) {
      graph, x, p in
      graph.convolution(x[0], weight: p[0], bias: p[1], options: options, output: output)
    }
    // Products of two numbers: differences are exact at any step.
    .with { $0.step = 0.25 }
  }

  static let convolution: [OperatorCase] = [
    convolution("1×1", [2, 1, 1, 1], [1, 1, 1, 1], ConvolutionOptions()),
    convolution("3×3", [2, 7, 5, 3], [17, 3, 3, 3], ConvolutionOptions(padding: 1)),
    convolution(
      "3×3, 16 channels", [1, 6, 6, 16], [16, 16, 3, 3], ConvolutionOptions(padding: 1)),
    convolution(
      "stride 2", [2, 9, 7, 7], [5, 7, 3, 3], ConvolutionOptions(stride: 2, padding: 1)),
    convolution("1×1, stride 2", [1, 5, 6, 17], [7, 17, 1, 1], ConvolutionOptions(stride: 2)),
    convolution("stem", [1, 15, 13, 3], [8, 3, 7, 7], ConvolutionOptions(stride: 2, padding: 3)),
    convolution("patches", [2, 8, 8, 3], [12, 3, 4, 4], ConvolutionOptions(stride: 4)),
    convolution(
      "dilated", [1, 9, 9, 5], [7, 5, 3, 3], ConvolutionOptions(padding: 2, dilation: 2)),
    convolution("groups", [2, 5, 5, 8], [12, 2, 3, 3], ConvolutionOptions(padding: 1, groups: 4)),
    convolution(
      "depthwise", [1, 7, 7, 9], [9, 1, 3, 3], ConvolutionOptions(padding: 1, groups: 9)),
    convolution(
      "compute type", [1, 5, 5, 7], [7, 7, 3, 3], ConvolutionOptions(padding: 1), output: nil),
    OperatorCase(
      "convolution, residual", inputs: [[2, 5, 5, 4], [2, 5, 5, 6]], parameters: [[6, 4, 3, 3]]
    ) { graph, x, p in
      graph.convolution(
        x[0], weight: p[0], options: ConvolutionOptions(padding: 1), residual: x[1],
        output: .float32)
    },
    OperatorCase("convolution twice", inputs: [[1, 5, 5, 4]], parameters: [[4, 4, 3, 3], [4]]) {
      graph, x, p in
      let once = graph.convolution(
        x[0], weight: p[0], bias: p[1], options: ConvolutionOptions(padding: 1))
      return graph.convolution(
        once, weight: p[0], bias: p[1], options: ConvolutionOptions(padding: 1), residual: once)
    },
  ]
}

@Suite struct ConvolutionTests {
  @Test(arguments: try Golden("convolution").cases)
  func agreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("convolution")
    let run = GoldenRun(golden, caseName, parameters: ["weight", "bias"])
    let weight = run.required("weight")
    let options = ConvolutionOptions(
      stride: golden.integer("stride", in: caseName),
      padding: golden.integer("padding", in: caseName))
    let differences = run.differences { graph, x in
      graph.channelsFirst(
        graph.convolution(
          graph.channelsLast(x), weight: weight, bias: run.parameter("bias"), options: options))
    }
    for (name, difference) in differences { #expect(difference < 3e-6, "\(name)") }
  }

  /// Rectified with a residual in one pass, and the same in steps.
  @Test(arguments: Precision.available)
  func fusionsChangeNothing(precision: Precision) throws {
    let store = ParameterStore()
    let weight = store.add("weight", [8, 4, 3, 3])
    let bias = store.add("bias", [8])
    fill(weight, bias)
    store.refreshBfloat16()
    let results = [true, false].map { isFused -> [[Float]] in
      store.gradient.update(repeating: 0, count: store.extent)
      let graph = Graph(
        workspace: Workspace(), precision: precision, gradients: [(store, store.gradient)])
      let x = graph.variable([2, 5, 5, 4], draws(200, "x"))
      let residual = graph.variable([2, 5, 5, 8], draws(400, "residual"))
      let options = ConvolutionOptions(padding: 1)
      let plain = graph.convolution(
        x, weight: weight, bias: bias, options: options, residual: residual, rectified: isFused,
        output: .float32)
      let out = isFused ? plain : graph.activated(plain, .relu)
      graph.seed(out, gradient: draws(400, "probe"))
      graph.backward()
      let gradients = [x, residual].map {
        Array(UnsafeBufferPointer(start: $0.gradient, count: $0.count))
      }
      return [out.array] + gradients
        + [Array(UnsafeBufferPointer(start: weight.gradient, count: weight.count))]
    }
    for (a, b) in zip(results[0], results[1]) {
      #expect(zip(a, b).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
    }
  }

  /// Packed copies are kept while the weights are held, and made anew afterwards.
  @Test(arguments: Precision.available)
  func heldWeightsArePackedOnce(precision: Precision) {
    let store = ParameterStore()
    let weight = store.add("weight", [16, 16, 3, 3])
    fill(weight)
    let workspace = Workspace()
    let output = { () -> [Float] in
      store.refreshBfloat16()
      let graph = Graph(workspace: workspace, precision: precision)
      let x = graph.constant([1, 4, 4, 16]) { $0.update(from: self.draws(256, "x"), count: 256) }
      return graph.convolution(x, weight: weight, options: ConvolutionOptions(padding: 1)).array
    }
    let plain = output()
    store.holdWeights()
    #expect(output() == plain && output() == plain)
    store.releaseWeights()
    for i in 0..<weight.count { weight.data[i] *= 2 }
    #expect(output() == plain.map { 2 * $0 })
    store.holdWeights()
    #expect(output() == plain.map { 2 * $0 })
    store.releaseWeights()
  }

  private func draws(_ count: Int, _ purpose: String) -> [Float] {
    var random = RandomStream(seed: 8, purpose: purpose)
    return (0..<count).map { _ in random.uniform(-1, 1) }
  }

  private func fill(_ parameters: Parameter...) {
    for parameter in parameters {
      parameter.data.update(from: draws(parameter.count, parameter.name), count: parameter.count)
    }
  }
}

/// The two ways to compute a convolution.
@Suite struct PreparedConvolutionTests {
  private static let shapes: [ConvolutionShape] = [
    shape(2, 13, 9, from: 5, to: 7, kernel: 3, stride: 1, padding: 1),
    shape(3, 8, 8, from: 16, to: 8, kernel: 3, stride: 2, padding: 1),
    shape(2, 11, 12, from: 3, to: 6, kernel: 7, stride: 2, padding: 3),
    shape(2, 9, 7, from: 4, to: 9, kernel: 3, stride: 1, padding: 2, dilation: 2),
    shape(2, 6, 5, from: 70, to: 4, kernel: 1, stride: 1, padding: 0),
    shape(2, 6, 5, from: 3, to: 4, kernel: 1, stride: 2, padding: 0),
    shape(1, 2, 2, from: 2, to: 3, kernel: 5, stride: 1, padding: 4),
  ]

  private static func shape(
    _ batch: Int, _ height: Int, _ width: Int, from inputs: Int, to outputs: Int, kernel: Int,
    stride: Int, padding: Int, dilation: Int = 1
  ) -> ConvolutionShape {
    ConvolutionShape(
      batch: batch, inChannels: inputs, inHeight: height, inWidth: width, outChannels: outputs,
      kernelHeight: kernel, kernelWidth: kernel, stride: stride, padding: padding,
      dilation: dilation, type: .float32, outType: .float32)
  }

  /// Whatever the extent of the strips, and with what is added in the same pass.
  @Test(arguments: shapes, [1, 7, 64])
  func productsOverWindowsGiveTheSame(plain: ConvolutionShape, strip: Int) throws {
    var fused = plain
    (fused.hasBias, fused.adds, fused.rectifies) = (true, true, true)
    for (shape, part) in [
      (plain, ConvolutionPart.forward), (fused, .forward), (plain, .sourceGradient),
      (plain, .weightsGradient),
    ] {
      let expected = result(of: DirectConvolution(shape, part), shape, part)
      let other = try #require(UnfoldedConvolution(shape, part, strip: strip))
      let found = result(of: other, shape, part)
      #expect(expected.count == found.count && expected.contains { $0 != 0 })
      let worst = zip(expected, found).map { abs($0 - $1) }.max() ?? 0
      #expect(worst < 2e-5, "\(part)")
    }
  }

  @Test func groupsAndShortTypesAreLeftToTheLibrary() {
    var grouped = Self.shapes[1]
    grouped.groups = 2
    var short = Self.shapes[1]
    short.type = .bfloat16
    for shape in [grouped, short] { #expect(UnfoldedConvolution(shape, .forward) == nil) }
  }

  /// What a part writes, of inputs that depend on the shape alone.
  private func result(
    of convolution: any PreparedConvolution, _ shape: ConvolutionShape, _ part: ConvolutionPart
  ) -> [Float] {
    let sourceCount = shape.batch * shape.inHeight * shape.inWidth * shape.inChannels
    let weight = Tensor([shape.outChannels * shape.windowLength])
    let source = Tensor([sourceCount])
    let destination = Tensor([shape.outPixels * shape.outChannels])
    let bias = Tensor([shape.outChannels])
    var random = RandomStream(seed: 3, purpose: "convolution")
    for tensor in [weight, source, destination, bias] {
      for i in 0..<tensor.count { tensor.data[i] = random.normal() }
    }
    let packed = Tensor([max(convolution.packedBytes / 4, weight.count)])
    if part == .weightsGradient || convolution.packedBytes == 0 {
      packed.data.update(from: weight.data, count: weight.count)
    } else {
      convolution.pack(weight.data, into: packed.data)
    }
    convolution.run(
      source: source.data, weights: packed.data,
      bias: shape.hasBias ? UnsafePointer(bias.data) : nil, destination: destination.data,
      in: Workspace())
    switch part {
    case .forward: return destination.array
    case .sourceGradient: return source.array
    case .weightsGradient:
      convolution.add(packed.data, to: weight.data)
      return weight.array
    }
  }
}
