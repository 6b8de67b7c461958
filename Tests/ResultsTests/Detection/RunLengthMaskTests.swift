import Foundation
import Support
import TestSupport
import Testing

@testable import Results

/// Runs, their strings and polygons, bit for bit those of pycocotools.
@Suite struct RunLengthMaskTests {
  private func mask(_ entry: JSON, _ index: Int) throws -> RunLengthMask {
    let digits = try #require(entry["pixels"]?[index]?.string)
    return RunLengthMask(
      height: entry["height"]?.int ?? 0, width: entry["width"]?.int ?? 0,
      pixels: digits.utf8.map { $0 - 48 })
  }

  @Test func masksAreThoseOfPycocotools() throws {
    let entries = try DetectionGoldens.entries("masks", "masks")
    #expect(entries.count == 12)
    for entry in entries {
      let masks = try [mask(entry, 0), mask(entry, 1)]
      for (index, mask) in masks.enumerated() {
        #expect(mask.text == entry["text"]?[index]?.string)
        #expect(
          try RunLengthMask(text: mask.text, height: mask.height, width: mask.width, of: "x")
            == mask)
        #expect(mask.area == entry["area"]?[index]?.int)
        let box = [mask.box.x, mask.box.y, mask.box.width, mask.box.height]
        #expect(box == entry["box"]?[index]?.array?.compactMap({ $0.double }))
        let again = RunLengthMask(height: mask.height, width: mask.width, pixels: mask.pixels)
        #expect(again == mask)
      }
      #expect(RunLengthMask.merged(masks).text == entry["union"]?.string)
      #expect(
        RunLengthMask.merged(masks, isIntersection: true).text == entry["intersection"]?.string)
      #expect(masks[0].overlap(with: masks[1]) == entry["overlap"]?.double)
      #expect(masks[0].overlap(with: masks[1], isCrowd: true) == entry["crowd_overlap"]?.double)
    }
  }

  @Test func polygonsAreFilledAsPycocotoolsFillsThem() throws {
    let entries = try DetectionGoldens.entries("masks", "polygons")
    #expect(entries.count == 43)
    for entry in entries {
      let points = try #require(entry["points"]?.array?.compactMap({ $0.double }))
      let mask = RunLengthMask(
        polygon: points, height: entry["height"]?.int ?? 0, width: entry["width"]?.int ?? 0)
      #expect(mask.text == entry["text"]?.string, "\(points)")
    }
  }

  /// A square of 2×2 in the middle of 4×4 pixels: five in front, two, two, two, five behind.
  @Test func aSquareByHand() throws {
    let mask = RunLengthMask(polygon: [1, 1, 1, 3, 3, 3, 3, 1], height: 4, width: 4)
    #expect(mask.counts == [5, 2, 2, 2, 5])
    #expect(mask.text == "52203")
    #expect(mask.area == 4 && mask.box == DetectionBox(x: 1, y: 1, width: 2, height: 2))
    let half = RunLengthMask(height: 4, width: 4, counts: [5, 2, 9])
    #expect(half.overlap(with: mask) == 0.5)
    #expect(half.overlap(with: mask, isCrowd: true) == 1)
    #expect(mask.overlap(with: half, isCrowd: true) == 0.5)
  }

  /// Runs of no pixels change boxes and overlaps in the reference; these are its answers.
  @Test func emptyRunsAreThoseOfPycocotools() {
    func mask(_ counts: [UInt32]) -> RunLengthMask {
      RunLengthMask(height: 6, width: 4, counts: counts)
    }
    let split = mask([9, 0, 5, 5, 0, 1, 4, 0])
    #expect(split.box == DetectionBox(x: 2, y: 0, width: 2, height: 6))
    #expect(split.area == 6)
    let corner = RunLengthMask(height: 6, width: 1, counts: [5, 0, 1]).box
    #expect(corner.x == 1 && corner.y == 6 && corner.width == 0 && corner.height == 4_294_967_291)
    // Both are empty in the same place: the walk through them ends there.
    let (first, second) = (mask([4, 6, 0, 6, 8]), mask([2, 8, 0, 6, 8]))
    #expect(first.overlap(with: second) == 0.75)
    #expect(first.overlap(with: mask([2, 14, 8])) == 12.0 / 14)
  }

  @Test(arguments: [
    ("5220", "fall short of its 4×4 pixels"), ("", "fall short of its 4×4 pixels"),
    ("52205", "exceed its 4×4 pixels"), ("P", "ends within a number"),
    ("5\"203", "no part of runs"), ("5O", "a negative length"),
    ("PPPPPPPPPPPPPPPPPPPP1", "ends within a number"),
  ])
  func stringsThatAreNoRunsAreRefused(text: String, words: String) throws {
    let error = try #require(throws: InputError.self) {
      try RunLengthMask(text: text, height: 4, width: 4, of: "detection 3")
    }
    #expect(Log.line(for: error).contains("detection 3: "))
    #expect(Log.line(for: error).contains(words), "\(error)")
  }
}
