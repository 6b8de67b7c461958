import Foundation
import Support
import TestSupport
import Testing

struct CatalogueTests {
  private let folder = TemporaryFolder()

  @Test func findsFilesByPath() throws {
    let path = folder.file("mine.yaml")
    try AtomicFile.write("# What it\n# is. More.\n#\n# Source: x\nepochs: 1\n", to: path)
    #expect(try Catalogue.path(of: path, in: "tasks/pretrain", kind: "recipe") == path)
    #expect(Catalogue.summary(of: path) == "What it is")
  }

  @Test(arguments: ["no/such/file", "absent.yaml", "absent.yml", "/"])
  func absentFile(name: String) {
    let error = #expect(throws: InputError.self) {
      try Catalogue.path(of: name, in: "tasks/pretrain", kind: "recipe")
    }
    #expect(error?.problem == "there is no such file")
  }

  @Test func unknownName() {
    let error = #expect(throws: InputError.self) {
      try Catalogue.path(of: "qqqqqqqq", in: "tasks/pretrain", kind: "recipe")
    }
    #expect(error?.problem == "there is no such recipe")
  }

  @Test func everyNameIsFound() throws {
    for name in Catalogue.names(in: "tasks/pretrain") {
      let path = try Catalogue.path(of: name, in: "tasks/pretrain", kind: "recipe")
      #expect(path.hasSuffix("tasks/pretrain/\(name).yaml"))
      #expect(!Catalogue.summary(of: path).isEmpty, "\(name) opens with no comment")
    }
  }
}
