import Foundation
import Support

/// Resamples that are summed together, as the lanes of one vector.
private let lanes = 4
/// Images whose counts are widened at a time, so that they stay in the first cache.
private let chunk = 256

/// The column sums of each bootstrap resample.
///
/// Counts per image are drawn first (random access to one byte an image only), then multiplied with
/// the columns in order, four resamples at once. Each sum is added in the order of the images, so
/// the result does not depend on the number of threads.
/// - Returns: `resamples` rows of `statistics.columns` sums.
package func resampledSums(
  of statistics: SufficientStatistics, resamples: Int, seed: UInt64, pool: WorkerPool
) -> [Double] {
  precondition(resamples > 0, "no resamples")
  let blocks = (resamples + lanes - 1) / lanes
  let columns = statistics.columns
  let plan = Resamples(images: statistics.images, seed: seed)
  let scratch = (0..<pool.threads).map { _ in ResampleScratch(images: statistics.images) }
  return unsafe [Double](unsafeUninitializedCapacity: blocks * lanes * columns) {
    buffer, initialised in
    unsafe buffer.initialize(repeating: 0)
    unsafe statistics.values.withUnsafeBufferPointer { values in
      guard let input = values.baseAddress, let output = buffer.baseAddress else { return }
      nonisolated(unsafe) let (source, target) = unsafe (input, output)
      pool.run(blocks) { block, worker in
        unsafe scratch[worker].sum(
          block, plan, source, columns: columns, into: target + block * lanes * columns)
      }
    }
    initialised = resamples * columns
  }
}

/// A metric of each bootstrap resample, without keeping the sums of all of them.
///
/// - Parameters:
///   - statistics: what each image contributes.
///   - resamples: how many resamples.
///   - seed: chooses them.
///   - pool: shares them out.
///   - metric: computes the metric from column sums.
/// - Returns: the metric of each resample, in order.
func resampledValues(
  of statistics: SufficientStatistics, resamples: Int, seed: UInt64, pool: WorkerPool,
  metric: @escaping @Sendable (UnsafeBufferPointer<Double>) -> Double
) -> [Double] {
  let columns = statistics.columns
  let plan = Resamples(images: statistics.images, seed: seed)
  let blocks = pool.map((resamples + lanes - 1) / lanes) { block -> [Double] in
    let scratch = ResampleScratch(images: plan.images)
    var sums = [Double](repeating: 0, count: lanes * columns)
    return unsafe sums.withUnsafeMutableBufferPointer { sums in
      unsafe statistics.values.withUnsafeBufferPointer { values in
        guard let source = values.baseAddress, let target = sums.baseAddress else { return [] }
        unsafe scratch.sum(block, plan, source, columns: columns, into: target)
        return (0..<lanes).map { lane in
          unsafe metric(UnsafeBufferPointer(start: target + lane * columns, count: columns))
        }
      }
    }
  }
  return Array(blocks.joined().prefix(resamples))
}

/// One worker's memory for drawing and summing four resamples.
@safe private final class ResampleScratch: @unchecked Sendable {
  private let counts: UnsafeMutablePointer<UInt8>
  private let weights: UnsafeMutablePointer<SIMD4<Double>>

  init(images: Int) {
    unsafe counts = .allocate(capacity: images * lanes)
    unsafe weights = .allocate(capacity: chunk)
  }

  deinit {
    unsafe counts.deallocate()
    unsafe weights.deallocate()
  }

  /// Adds up the columns of resamples `block * 4 ..< block * 4 + 4` into `lanes` rows of sums.
  func sum(
    _ block: Int, _ plan: Resamples, _ values: UnsafePointer<Double>, columns: Int,
    into sums: UnsafeMutablePointer<Double>
  ) {
    let images = plan.images
    for lane in 0..<lanes { unsafe plan.count(block * lanes + lane, into: counts + lane * images) }
    for start in stride(from: 0, to: images, by: chunk) {
      let size = min(chunk, images - start)
      widen(from: start, size, images)
      var column = 0
      while column + 4 <= columns {
        unsafe add(four: values + column * images + start, images, size, sums + column, columns)
        column += 4
      }
      while column < columns {
        unsafe add(one: values + column * images + start, size, sums + column, columns)
        column += 1
      }
    }
  }

  /// Turns the counts of images `start ..< start + size` into one vector of four weights an image.
  private func widen(from start: Int, _ size: Int, _ images: Int) {
    let first = unsafe counts + start
    for image in 0..<size {
      unsafe weights[image] = unsafe SIMD4<Double>(
        Double(first[image]), Double(first[images + image]), Double(first[2 * images + image]),
        Double(first[3 * images + image]))
    }
  }

  /// Adds four neighbouring columns, `pitch` numbers apart, to sums whose rows are `columns` apart.
  private func add(
    four values: UnsafePointer<Double>, _ pitch: Int, _ size: Int,
    _ sums: UnsafeMutablePointer<Double>, _ columns: Int
  ) {
    let (first, second) = unsafe (values, values + pitch)
    let (third, fourth) = unsafe (values + 2 * pitch, values + 3 * pitch)
    var (a, b) = unsafe (load(sums, columns), load(sums + 1, columns))
    var (c, d) = unsafe (load(sums + 2, columns), load(sums + 3, columns))
    for image in 0..<size {
      let weight = unsafe weights[image]
      unsafe a += weight * first[image]
      unsafe b += weight * second[image]
      unsafe c += weight * third[image]
      unsafe d += weight * fourth[image]
    }
    unsafe store(a, sums, columns)
    unsafe store(b, sums + 1, columns)
    unsafe store(c, sums + 2, columns)
    unsafe store(d, sums + 3, columns)
  }

  /// Adds one column to sums whose rows are `columns` apart.
  private func add(
    one values: UnsafePointer<Double>, _ size: Int, _ sums: UnsafeMutablePointer<Double>,
    _ columns: Int
  ) {
    var total = unsafe load(sums, columns)
    for image in 0..<size { unsafe total += weights[image] * values[image] }
    unsafe store(total, sums, columns)
  }

  private func load(_ sums: UnsafeMutablePointer<Double>, _ pitch: Int) -> SIMD4<Double> {
    unsafe SIMD4(sums[0], sums[pitch], sums[2 * pitch], sums[3 * pitch])
  }

  private func store(_ value: SIMD4<Double>, _ sums: UnsafeMutablePointer<Double>, _ pitch: Int) {
    for lane in 0..<lanes { unsafe sums[lane * pitch] = value[lane] }
  }
}
