import Foundation
import Results
import Tensors

/// What the eigenvalues of features' second moments say about how many directions are in use.
enum RepresentationSpectrum {
  /// RankMe: the smoothed rank of the features as they are.
  ///
  /// exp of the entropy of p = σ/Σσ + 10⁻⁷ over their singular values σ (Garrido et al. 2023,
  /// equations 1 and 2).
  /// - Parameters:
  ///   - moments: of the features with themselves.
  ///   - left: the group that is left out; nil for none.
  /// - Returns: between 1 and the width; nil without finite features.
  static func rankMe(_ moments: FeatureMoments, without left: Int? = nil) -> Double? {
    singularValues(moments, without: left, isCentred: false).flatMap { rank($0, smoothing: 1e-7) }
  }

  /// The effective rank of the features less their mean: exp of the entropy of σ/Σσ.
  ///
  /// Roy and Vetterli 2007.
  static func effectiveRank(_ moments: FeatureMoments, without left: Int? = nil) -> Double? {
    singularValues(moments, without: left, isCentred: true).flatMap { rank($0, smoothing: 0) }
  }

  /// LiDAR: the rank of linear discriminant analysis where images are classes, and views examples.
  ///
  /// Thilak et al. 2023, equations 1 to 5, with their δ = 10⁻⁴.
  /// - Parameters:
  ///   - means: moments of the mean features of each image.
  ///   - deviations: moments of the views' features less their image's mean.
  ///   - left: the group that is left out; nil for none.
  /// - Returns: at least 1; nil without finite features.
  static func lidar(
    means: FeatureMoments, deviations: FeatureMoments, without left: Int? = nil
  ) -> Double? {
    let width = means.xWidth
    var (between, images) = means.products(without: left, isCentred: true)
    var (within, views) = deviations.products(without: left, isCentred: false)
    guard images > 0, views > 0 else { return nil }
    for i in 0..<width * width {
      between[i] /= Double(images)
      within[i] /= Double(views)
    }
    for i in 0..<width { within[i * width + i] += 1e-4 }
    return generalizedEigenvalues(of: between, relativeTo: within, size: width)
      .flatMap { rank($0.map { max(0, $0) }, smoothing: 1e-7) }
  }

  /// Linear centred kernel alignment of two kinds of features of the same images.
  ///
  /// 1 where one is a rotation and scaling of the other (Kornblith et al. 2019, equation 4).
  /// - Parameters:
  ///   - first: moments of the first features.
  ///   - second: moments of the second features.
  ///   - cross: moments of the first with the second.
  ///   - left: the group that is left out; nil for none.
  /// - Returns: between 0 and 1; nil when one of them does not vary.
  static func linearCKA(
    _ first: FeatureMoments, _ second: FeatureMoments, cross: FeatureMoments,
    without left: Int? = nil
  ) -> Double? {
    let own = [first, second].map { moments -> Double in
      let (values, _) = moments.products(without: left, isCentred: true)
      return symmetricSquares(values, size: moments.xWidth).squareRoot()
    }
    let (products, _) = cross.products(without: left, isCentred: true)
    let shared = products.reduce(0) { $0 + $1 * $1 }
    let scale = own[0] * own[1]
    return scale > 0 && shared.isFinite ? shared / scale : nil
  }

  /// Σ m² of a symmetric matrix of which the lower triangle is filled.
  private static func symmetricSquares(_ values: [Double], size: Int) -> Double {
    var sum = 0.0
    for row in 0..<size {
      for column in 0..<row { sum += 2 * values[row * size + column] * values[row * size + column] }
      sum += values[row * size + row] * values[row * size + row]
    }
    return sum
  }

  private static func singularValues(
    _ moments: FeatureMoments, without left: Int?, isCentred: Bool
  ) -> [Double]? {
    let (products, count) = moments.products(without: left, isCentred: isCentred)
    return symmetricEigenvalues(of: products, size: moments.xWidth)
      // No more rows than images, however wide the features are.
      .map { $0.suffix(count).map { max(0, $0).squareRoot() } }
  }

  /// exp(−Σ p log p) with p the shares of non-negative values, each raised by `smoothing`.
  static func rank(_ values: [Double], smoothing: Double) -> Double? {
    let sum = values.reduce(0, +)
    guard sum > 0, sum.isFinite else { return nil }
    let entropy = values.reduce(0.0) { entropy, value in
      let share = value / sum + smoothing
      return share > 0 ? entropy - share * log(share) : entropy
    }
    return exp(entropy)
  }
}
