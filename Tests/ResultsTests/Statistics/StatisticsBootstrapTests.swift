import Foundation
import Support
import Tensors
import TestSupport
import Testing

@testable import Results

@Suite struct StatisticsBootstrapTests {
  private static let metrics: [String: @Sendable (UnsafeBufferPointer<Double>) -> Double] = [
    "mean": { $0[0] / 40 }, "ratio": { $0[0] / $0[2] }, "difference": { ($0[1] - $0[0]) / $0[2] },
  ]

  private func golden() throws -> (JSON, SufficientStatistics) {
    let golden = try StatisticsGoldens.section("bootstrap")
    let columns = (golden["columns"]?.array ?? []).map {
      ($0.array ?? []).map { $0.double ?? .nan }
    }
    return (golden, SufficientStatistics(columns: columns))
  }

  @Test(arguments: ["mean", "ratio", "difference"], [1, 2])
  func agreesWithSciPyOnTheSameResamples(name: String, threads: Int) throws {
    let (golden, statistics) = try golden()
    let pool = WorkerPool(threads: threads)
    defer { pool.close() }
    let bootstrap = Bootstrap(
      statistics, resamples: golden.integer("resamples"), seed: UInt64(golden.integer("seed")),
      pool: pool)
    let expected = try #require(golden["metrics"]?[name])
    let metric = try #require(Self.metrics[name])
    let distribution = bootstrap.distribution(of: metric)
    #expect(agree(distribution.point, expected.number("point")))
    #expect(agree(distribution.standardError, expected.number("se")))
    #expect(agree(distribution.pValue, expected.number("p")))
    #expect(agree(distribution.bias, expected.number("bias")))
    for method in BootstrapMethod.allCases {
      let interval = distribution.interval(method)
      let ends = expected.numbers(method.rawValue)
      #expect(agree(interval.low, ends[0]) && agree(interval.high, ends[1]), "\(method)")
    }
  }

  @Test func resamplesAreThoseOfTheGoldens() throws {
    let (golden, statistics) = try golden()
    let plan = Resamples(images: statistics.images, seed: 7)
    #expect(plan.indices(of: 3).map(Double.init) == golden.numbers("indices"))
  }

  @Test(arguments: [1, 2, 7, 255, 256, 1_000], [1, 3, 4, 5, 9])
  func sumsAreThoseOfTheDrawnRows(images: Int, columns: Int) {
    let table: [[Double]] = (0..<columns).map { column in
      (0..<images).map { image -> Double in
        let mixed: Int = (image * 31 + column * 17) % 101
        return Double(mixed - 50)
      }
    }
    let statistics = SufficientStatistics(columns: table)
    let pool = WorkerPool(threads: 2)
    defer { pool.close() }
    let sums = resampledSums(of: statistics, resamples: 6, seed: 3, pool: pool)
    #expect(sums.count == 6 * columns)
    for resample in 0..<6 {
      let drawn = Resamples(images: images, seed: 3).indices(of: resample)
      for column in 0..<columns {
        #expect(sums[resample * columns + column] == drawn.reduce(0) { $0 + table[column][$1] })
      }
    }
  }

  @Test func threadsDoNotChangeABit() {
    let column = (0..<777).map { sin(Double($0)) }
    let statistics = SufficientStatistics(columns: [column, column.map { $0 * $0 }])
    let results = [1, 2, 3].map { threads in
      let pool = WorkerPool(threads: threads)
      defer { pool.close() }
      return resampledSums(of: statistics, resamples: 101, seed: 9, pool: pool)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }

  @Test func anUndefinedMetricIsCountedAndLeftOut() {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    let statistics = SufficientStatistics(columns: [[1, 0, 0, 0]])
    let distribution = Bootstrap(statistics, resamples: 500, seed: 1, pool: pool)
      .distribution { $0[0] == 0 ? .nan : 1 }
    #expect(distribution.undefined > 0 && distribution.undefined < 500)
    #expect(distribution.values.count + distribution.undefined == 500)
    #expect(distribution.interval() == Interval(1, 1))
  }
}
