import Foundation
import Synchronization

/// The low frequencies of planes of one size: those whose distance from frequency 0 is below a radius.
///
/// Distances are those of the shifted spectrum, where frequency 0 lies at (rows / 2, columns / 2) and frequencies above
/// half the extent are negative.
final class FrequencyDisc: Sendable {
  /// Whether each frequency lies inside, 0 first in each direction, `[rows × columns]`.
  let disc: [Bool]
  /// The others.
  let outside: [Bool]
  /// How many lie inside.
  let count: Int
  private let (rows, columns): (Int, Int)
  /// The frequencies of rows that the disc reaches, 0 and positive ones; for each, those of columns.
  private let waves: [(row: Int, columns: [Int])]
  private let (rowTable, columnTable): (CircleTable, CircleTable)

  /// A disc in the spectrum of planes of `rows × columns`.
  init(rows: Int, columns: Int, radius: Int) {
    (self.rows, self.columns) = (rows, columns)
    (rowTable, columnTable) = (CircleTable(rows), CircleTable(columns))
    func signed(_ frequency: Int, _ extent: Int) -> Int {
      frequency < (extent + 1) / 2 ? frequency : frequency - extent
    }
    let squares = (0..<rows * columns).map { index -> Int in
      let (y, x) = (signed(index / columns, rows), signed(index % columns, columns))
      return y * y + x * x
    }
    let inside = squares.map { $0 < radius * radius }
    disc = inside
    outside = inside.map { !$0 }
    count = inside.count { $0 }
    waves = (0..<rows).compactMap { row in
      let found = (0..<columns).filter { inside[row * columns + $0] }
      return found.isEmpty ? nil : (row, found)
    }
  }

  /// The plane with the disc's frequencies only: the real part of the inverse transform.
  ///
  /// Sums over the few frequencies of the disc; an image is real, so the imaginary parts cancel.
  func lowPass(_ plane: UnsafePointer<Float>) -> [Double] {
    var result = [Double](repeating: 0, count: rows * columns)
    let needed = Set(waves.flatMap(\.columns)).sorted()
    // The transform along each row, of the columns' frequencies that the disc has.
    var partial = [Int: (real: [Double], imaginary: [Double])]()
    for frequency in needed {
      var (real, imaginary) = ([Double](), [Double]())
      for row in 0..<rows {
        var (re, im) = (0.0, 0.0)
        for column in 0..<columns {
          let (c, s) = columnTable[frequency * column]
          let value = unsafe Double(plane[row * columns + column])
          re += value * c
          im -= value * s
        }
        real.append(re)
        imaginary.append(im)
      }
      partial[frequency] = (real, imaginary)
    }
    let scale = 1 / Double(rows * columns)
    // For each column frequency the inverse along the rows, then along the columns.
    for frequency in needed {
      guard let (real, imaginary) = partial[frequency] else { continue }
      var back = [(Double, Double)](repeating: (0, 0), count: rows)
      for wave in waves where wave.columns.contains(frequency) {
        var (re, im) = (0.0, 0.0)
        for row in 0..<rows {
          let (c, s) = rowTable[wave.row * row]
          re += real[row] * c + imaginary[row] * s
          im += imaginary[row] * c - real[row] * s
        }
        for row in 0..<rows {
          let (c, s) = rowTable[wave.row * row]
          back[row].0 += re * c - im * s
          back[row].1 += re * s + im * c
        }
      }
      for row in 0..<rows {
        for column in 0..<columns {
          let (c, s) = columnTable[frequency * column]
          result[row * columns + column] += (back[row].0 * c - back[row].1 * s) * scale
        }
      }
    }
    return result
  }
}

/// The discs that were asked for, each made once.
final class FrequencyDiscs: Sendable {
  private let made = Mutex<[[Int]: FrequencyDisc]>([:])

  /// The disc of planes of one size.
  func disc(_ rows: Int, _ columns: Int, radius: Int) -> FrequencyDisc {
    made.withLock { discs in
      let key = [rows, columns, radius]
      if let known = discs[key] { return known }
      let disc = FrequencyDisc(rows: rows, columns: columns, radius: radius)
      discs[key] = disc
      return disc
    }
  }
}

/// Cosines and sines of the multiples of a full turn divided by a number.
private struct CircleTable: Sendable {
  private let values: [(Double, Double)]

  init(_ count: Int) {
    values = (0..<count).map {
      let angle = 2 * Double.pi * Double($0) / Double(count)
      return (cos(angle), sin(angle))
    }
  }

  /// Cosine and sine of a multiple.
  subscript(_ multiple: Int) -> (Double, Double) { values[multiple % values.count] }
}
