import Foundation
import TestSupport
import Testing

struct ValidateTests {
  private let folder = TemporaryFolder()

  @Test func everyFileIsCheckedAndOneLineSaysWhatIsWrong() throws {
    try "a: [".write(toFile: folder.file("broken.yaml"), atomically: true, encoding: .utf8)
    let result = try Program.run(["validate", folder.file("broken.yaml"), folder.file("absent")])
    #expect(result.code == 2)
    #expect(result.errorLines.count == 2)
    #expect(result.errors.contains("broken.yaml"))
    #expect(result.errors.contains("absent: there is no such file or folder"))
  }
}
