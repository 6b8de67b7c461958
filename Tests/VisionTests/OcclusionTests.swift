import Support
import Testing

@testable import Vision

/// Hidden and shuffled cells.
struct OcclusionTests {
  /// Every pixel of another colour.
  private let image = Image(
    width: 18, height: 16, pixels: (0..<18 * 16 * 3).map { UInt8($0 / 3 % 251) })

  private func differing(_ other: Image) -> Set<Int> {
    Set((0..<18 * 16).filter { image.pixels[3 * $0] != other.pixels[3 * $0] })
  }

  @Test func aGreaterShareHidesWhatASmallerOneHides() throws {
    var before: Set<Int> = []
    for count in [0, 1, 5, 15, 16] {
      let hidden = try Occlusion(.drop(count), grid: 4).apply(to: image, id: "a")
      let pixels = differing(hidden)
      #expect(before.isSubset(of: pixels))
      // Cells of 4 × 4 or 5 × 4 pixels, few of which happen to have the mean colour.
      #expect(pixels.count <= 20 * count && pixels.count >= 14 * count - 6)
      before = pixels
    }
    let all = try Occlusion(.drop(16), grid: 4).apply(to: image, id: "a")
    #expect(Set(all.pixels).count == 1)
    #expect(try Occlusion(.drop(0), grid: 4).apply(to: image, id: "a") == image)
  }

  @Test func drawsDependOnSeedDrawAndPicture() throws {
    let base = try Occlusion(.drop(8), grid: 4).apply(to: image, id: "a")
    #expect(try Occlusion(.drop(8), grid: 4).apply(to: image, id: "a") == base)
    for (occlusion, id) in [
      (Occlusion(.drop(8), grid: 4, draw: 1), "a"), (Occlusion(.drop(8), grid: 4, seed: 1), "a"),
      (Occlusion(.drop(8), grid: 4), "b"),
    ] { #expect(try occlusion.apply(to: image, id: id) != base) }
  }

  @Test func shufflingKeepsEveryCell() throws {
    let square = Image(width: 16, height: 16, pixels: (0..<768).map { UInt8($0 / 3 % 256) })
    let shuffled = try Occlusion(.shuffle, grid: 4).apply(to: square, id: "a")
    #expect(shuffled != square && shuffled.pixels.sorted() == square.pixels.sorted())
    func cells(_ image: Image) -> Set<[UInt8]> {
      Set(
        (0..<16).map {
          image.cropped(PixelBox(x: $0 % 4 * 4, y: $0 / 4 * 4, width: 4, height: 4)).pixels
        })
    }
    #expect(cells(shuffled) == cells(square))
  }

  @Test func aPictureSmallerThanItsGridIsRefused() {
    #expect {
      try Occlusion(.shuffle, grid: 17).apply(to: image, id: "a")
    } throws: {
      ($0 as? InputError)?.errorDescription?.contains("too few for 17 × 17 cells") == true
    }
  }
}
