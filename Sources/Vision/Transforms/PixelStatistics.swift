/// The mean and standard deviation that samples in 0…1 are normalised with, red first.
package struct PixelStatistics: Sendable, Equatable {
  /// Three means.
  package let mean: [Float]
  /// Three standard deviations, each greater than zero.
  package let deviation: [Float]

  /// Statistics of three channels.
  package init(mean: [Float], deviation: [Float]) {
    precondition(
      mean.count == 3 && deviation.count == 3 && deviation.allSatisfy { $0 > 0 },
      "pixel statistics need three means and three positive deviations, not \(mean), \(deviation)")
    self.mean = mean
    self.deviation = deviation
  }

  /// Of ImageNet's training images.
  package static let imageNet = PixelStatistics(
    mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  /// From 0…1 to −1…1.
  package static let half = PixelStatistics(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
  /// Leaves 0…1 as it is.
  package static let none = PixelStatistics(mean: [0, 0, 0], deviation: [1, 1, 1])

  /// The means as levels of 0…255, rounded as Python does.
  package var levels: [UInt8] {
    mean.map { mean in
      let decimal = Double("\(mean)") ?? Double(mean)
      return UInt8(min(max((255 * decimal).rounded(.toNearestOrEven), 0), 255))
    }
  }

  /// Normalises three planes of levels (0…255) in place; `plane` samples each.
  /// - Parameters:
  ///   - planes: red, green, blue.
  ///   - plane: samples of each.
  ///   - white: what level 255 is before the mean is taken off.
  package func normalise(_ planes: UnsafeMutablePointer<Float>, plane: Int, white: Double = 1) {
    let level = Float(255 / white)
    for channel in 0..<3 {
      let scale = 1 / (level * deviation[channel])
      let shift = -mean[channel] / deviation[channel]
      let samples = unsafe planes + channel * plane
      for index in 0..<plane { unsafe samples[index] = unsafe samples[index] * scale + shift }
    }
  }
}
