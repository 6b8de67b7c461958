import Support
import Testing

@Suite struct PathPartsTests {
  @Test(arguments: [
    ("a/b/c.txt", "a/b", "c.txt", "c", "txt"), ("r", "", "r", "r", ""), ("r/", "", "r", "r", ""),
    ("/", "/", "/", "/", ""), ("/r", "/", "r", "r", ""), ("//r//", "/", "r", "r", ""),
    ("", "", "", "", ""), (".hidden", "", ".hidden", ".hidden", ""), ("x.", "", "x.", "x", ""),
    ("./m.tar.gz", ".", "m.tar.gz", "m.tar", "gz"),
    ("a/\u{301}b.png", "a", "\u{301}b.png", "\u{301}b", "png"),
  ])
  func splits(path: String, parent: String, name: String, stem: String, ending: String) {
    #expect(path.parentFolder == parent)
    #expect(path.fileName == name)
    #expect(path.fileStem == stem)
    #expect(path.fileEnding == ending)
  }
}
