import Checkpoints
import Foundation
import Support
import TestSupport
import Testing
import Vision

/// What every reader promises: one line for what it cannot read.
///
/// A new one is tested by being there.
@Suite struct FileContract {
  private let folder = TemporaryFolder()

  /// Whether an error is an `InputError` of one line.
  private func isOneLine(_ error: any Error) -> Bool {
    guard let line = (error as? InputError)?.errorDescription else { return false }
    return !line.isEmpty && !line.contains("\n")
  }

  private func noise(_ count: Int, seed: UInt64) -> Data {
    var random = RandomStream(seed: seed, purpose: "contract")
    return Data((0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) })
  }

  @Test func damagedCheckpointsAreRefusedInOneLine() throws {
    for ending in ["safetensors", "pth", "pt", "th", "bin", "npz"] {
      for (index, data) in [Data(), noise(7, seed: 1), noise(3000, seed: 2)].enumerated() {
        let path = folder.file("damaged\(index).\(ending)")
        try AtomicFile.write(data, to: path)
        #expect { _ = try openCheckpoint(path) } throws: { isOneLine($0) }
      }
    }
  }

  @Test func everyFormatHasANameAndASummary() {
    #expect(Set(allFormats.map { $0.name }).count == allFormats.count)
    #expect(allFormats.allSatisfy { !$0.name.isEmpty && !$0.summary.isEmpty })
  }

  /// Every kind of data is told what it reads, and refuses a path where nothing is, in one line.
  @Test func dataSetsSayWhatIsMissing() throws {
    #expect(Set(allDatasets.map { $0.kind }).count == allDatasets.count)
    for type in allDatasets {
      #expect(!type.summary.isEmpty, "\(type.kind)")
      guard type.placeholder != nil else {
        #expect(try openDataset(type.kind).train.count > 0)
        continue
      }
      #expect { _ = try openDataset("\(type.kind):/absent") } throws: { isOneLine($0) }
      let empty = folder.file("empty-\(type.kind)")
      try AtomicFile.createFolder(empty)
      #expect { _ = try openDataset("\(type.kind):\(empty)") } throws: { isOneLine($0) }
    }
  }

  /// A picture format knows its own start, and no format takes what is none.
  @Test func damagedPicturesAreRefusedInOneLine() throws {
    let zeros = [UInt8](repeating: 0, count: 64)
    for format in allImageFormats {
      let (name, endings, takesZeros) = (format.name, format.endings, format.recognizes(zeros))
      #expect(!endings.isEmpty && !name.isEmpty)
      #expect(!takesZeros, "\(name)")
    }
    for data in [Data(), noise(500, seed: 4)] {
      #expect { _ = try decodeImage(data, from: "damaged") } throws: { isOneLine($0) }
    }
  }
}
