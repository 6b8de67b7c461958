import Foundation

/// Little-endian numbers of a file in memory; nil beyond its end.
struct ByteReader {
  let bytes: [UInt8]

  init(_ data: Data) { bytes = [UInt8](data) }

  var count: Int { bytes.count }

  func byte(_ place: Int) -> Int? { bytes.indices.contains(place) ? Int(bytes[place]) : nil }

  func half(_ place: Int) -> Int? { number(place, 2) }

  func word(_ place: Int) -> Int? { number(place, 4) }

  private func number(_ place: Int, _ length: Int) -> Int? {
    guard place >= 0, place <= bytes.count - length else { return nil }
    return bytes[place..<place + length].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
