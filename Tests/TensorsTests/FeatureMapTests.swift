import Tensors
import TestSupport
import Testing

extension OperatorCase {
  static let pooling: [OperatorCase] =
    [(2, 8, 6, 3, 2, 2, 0), (1, 9, 7, 17, 3, 2, 1), (1, 5, 5, 2, 3, 1, 1), (1, 1, 1, 1, 1, 1, 0)]
    .flatMap { batch, height, width, channels, kernel, stride, padding in
      let shape = [batch, height, width, channels]
      let name = "\(shape), \(kernel)×\(kernel), stride \(stride), padding \(padding)"
      return [
        OperatorCase("largest of \(name)", inputs: [shape]) { graph, x, _ in
          graph.maxPooled(x[0], kernel: kernel, stride: stride, padding: padding)
        }
        // No element is moved past another.
        .with { ($0.spacing, $0.step) = (0.05, 0.01) },
        OperatorCase("mean of \(name)", inputs: [shape]) { graph, x, _ in
          graph.averagePooled(x[0], kernel: kernel, stride: stride, padding: padding)
        },
        OperatorCase("mean inside of \(name)", inputs: [shape]) { graph, x, _ in
          graph.averagePooled(
            graph.converted(x[0], to: graph.precision.computeType), kernel: kernel, stride: stride,
            padding: padding, countsPadding: false)
        },
      ]
    } + [
      OperatorCase("global mean", inputs: [[2, 5, 7, 3]]) { graph, x, _ in
        graph.globallyAveraged(graph.converted(x[0], to: graph.precision.computeType))
      }
    ]

  static let resize: [OperatorCase] = Resampling.allCases.flatMap { kind in
    [(5, 7, 8, 14), (7, 5, 3, 9), (1, 1, 4, 3), (4, 6, 4, 6)].flatMap {
      height, width, newHeight, newWidth in
      [false, true].map { antialias in
        OperatorCase(
          "\(kind) \(height)×\(width) to \(newHeight)×\(newWidth), antialias \(antialias)",
          inputs: [[2, height, width, 3]]
        ) { graph, x, _ in
          graph.resized(
            x[0], height: newHeight, width: newWidth, kind, antialias: antialias)
        }
      }
    }
  }

  static let layout: [OperatorCase] = [
    OperatorCase("channels last", inputs: [[2, 3, 17, 5]]) { graph, x, _ in
      graph.channelsLast(x[0])
    },
    OperatorCase("channels first", inputs: [[2, 17, 5, 3]]) { graph, x, _ in
      graph.channelsFirst(x[0])
    },
    OperatorCase("map of tokens", inputs: [[2, 8, 5]]) { graph, x, _ in
      graph.featureMap(of: x[0], after: 2, rows: 2, columns: 3)
    },
    OperatorCase("map of all tokens", inputs: [[2, 6, 5]]) { graph, x, _ in
      graph.featureMap(of: x[0], after: 0, rows: 2, columns: 3)
    },
    OperatorCase("every second pixel, more channels", inputs: [[2, 5, 4, 3]]) { graph, x, _ in
      graph.subsampled(x[0], stride: 2, channels: 8, front: 2)
    },
    OperatorCase("side by side", inputs: [[2, 3, 1], [2, 3, 7]]) { graph, x, _ in
      graph.concatenated([x[0], x[1], x[0]])
    },
  ]
}

@Suite struct FeatureMapTests {
  @Test(arguments: try Golden("pooling").cases)
  func poolingAgreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("pooling")
    let integer = { (key: String) in golden.integer(key, in: caseName) }
    let (kernel, stride, padding) = (integer("kernel"), integer("stride"), integer("padding"))
    let differences = GoldenRun(golden, caseName).differences { graph, x in
      let map = graph.channelsLast(x)
      if kernel == 0 {
        let mean = graph.globallyAveraged(map)
        return mean.reshaped(mean.shape + [1, 1])
      }
      let pooled =
        golden.word("kind", in: caseName) == "max"
        ? graph.maxPooled(map, kernel: kernel, stride: stride, padding: padding)
        : graph.averagePooled(
          map, kernel: kernel, stride: stride, padding: padding,
          countsPadding: golden.flag("count_padding", in: caseName))
      return graph.channelsFirst(pooled)
    }
    for (name, difference) in differences { #expect(difference < 1e-6, "\(name)") }
  }

  @Test(arguments: try Golden("resize").cases)
  func resizingAgreesWithPyTorch(caseName: String) throws {
    let golden = try Golden("resize")
    let kind = try #require(Resampling(rawValue: golden.word("kind", in: caseName)))
    let size = golden.tensor("output", in: caseName).shape
    let differences = GoldenRun(golden, caseName).differences { graph, x in
      graph.channelsFirst(
        graph.resized(
          graph.channelsLast(x), height: size[2], width: size[3], kind,
          antialias: golden.flag("antialias", in: caseName)))
    }
    for (name, difference) in differences { #expect(difference < 2e-6, "\(name)") }
  }

  /// The first of equal elements wins, as in PyTorch; NaN is not lost.
  @Test func tiesAndNaN() {
    let graph = Graph(workspace: Workspace(), precision: .fp32, gradients: [])
    let x = graph.variable([1, 2, 4, 1], [3, 3, 1, .nan, 3, 3, 0, 2])
    let out = graph.maxPooled(x, kernel: 2, stride: 2)
    #expect(out.array[0] == 3 && out.array[1].isNaN)
    graph.seed(out, gradient: [5, 7])
    graph.backward()
    #expect(
      x.gradient.map { Array(UnsafeBufferPointer(start: $0, count: 8)) } == [
        5, 0, 0, 7, 0, 0, 0, 0,
      ])
  }
}
