import Support
import Tensors

/// Noisy clusters: `centre[label] + 5 × normal` with normal centres and uniform labels.
struct Clusters {
  let features: Tensor
  let labels: [Int]

  /// Draws `rows` features; the same `classes` and `width` give the same centres.
  init(rows: Int, width: Int, classes: Int, purpose: String, pool: WorkerPool) {
    var centreStream = RandomStream(seed: 0, purpose: "benchmark centres")
    let centres = Tensor([classes, width])
    for i in 0..<centres.count { centres.data[i] = centreStream.normal() }
    var labelStream = RandomStream(seed: 0, purpose: "benchmark labels " + purpose)
    let labels = (0..<rows).map { _ in labelStream.below(classes) }
    let features = Tensor([rows, width])
    pool.run(rows) { row, _ in
      var stream = RandomStream(seed: 0, purpose: "benchmark features " + purpose, row)
      let centre = centres.data + labels[row] * width
      let target = features.data + row * width
      for i in 0..<width { target[i] = centre[i] + 5 * stream.normal() }
    }
    self.features = features
    self.labels = labels
  }
}
