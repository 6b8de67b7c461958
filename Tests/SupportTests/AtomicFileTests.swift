import Foundation
import Support
import TestSupport
import Testing

struct AtomicFileTests {
  private let folder = TemporaryFolder()

  private func names(_ path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  @Test func writesReplacesAndCreatesFolders() throws {
    let path = folder.file("a/b/c.txt")
    try AtomicFile.write("one", to: path)
    try AtomicFile.write("two", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "two")
    #expect(try names(folder.file("a/b")) == ["c.txt"])
  }

  @Test func failureLeavesTheOldFileAlone() throws {
    struct Failure: Error {}
    let path = folder.file("kept.txt")
    try AtomicFile.write("old", to: path)
    #expect(throws: Failure.self) {
      try AtomicFile.write(to: path) { writer in
        try writer.write("new")
        throw Failure()
      }
    }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
    #expect(try names(folder.path) == ["kept.txt"])
  }

  @Test func keepsSymbolicLinks() throws {
    try AtomicFile.write("old", to: folder.file("target"))
    #expect(symlink(folder.file("target"), folder.file("link")) == 0)
    try AtomicFile.write("new", to: folder.file("link"))
    #expect(try String(contentsOfFile: folder.file("target"), encoding: .utf8) == "new")
    #expect(try names(folder.path) == ["link", "target"])
  }

  /// Nothing is opened, so a pipe without a reader does not hang, and the body is not called.
  @Test func pipesDevicesAndFoldersAreRefusedAtOnce() throws {
    #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
    #expect(mkdir(folder.file("folder"), 0o700) == 0)
    #expect(symlink(folder.file("pipe"), folder.file("link")) == 0)
    let places = [
      (folder.file("pipe"), "a pipe"), (folder.file("link"), "a pipe"),
      (folder.file("folder"), "a folder"), ("/dev/full", "a device"), ("/dev/null", "a device"),
    ]
    for (path, kind) in places {
      let error = #expect(throws: InputError.self) {
        try AtomicFile.write(to: path) { _ in Issue.record("the body was called for \(path)") }
      }
      #expect(error?.problem == "is \(kind), not a file that can be replaced")
    }
    #expect(try names(folder.path) == ["folder", "link", "pipe"])
  }

  /// What a killed run left is removed by the next write into the folder; nothing else is.
  @Test func temporaryFilesOfKilledRunsAreRemoved() throws {
    // No process has this number: the greatest is 4,194,304.
    let orphan = ".model.safetensors.4999999-00c0ffee.tmp"
    let held = ".model.safetensors.4999999-00c0fff0.tmp"
    let strangers = [".notes.tmp", "model.4999999-00c0ffee.tmp", ".model.x-1.tmp"]
    for name in [orphan, held] + strangers {
      try Data("half".utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    }
    let descriptor = open(folder.file(held), O_RDONLY)
    defer { close(descriptor) }
    #expect(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    try AtomicFile.write("whole", to: folder.file("model.safetensors"))
    #expect(try names(folder.path) == ([held, "model.safetensors"] + strangers).sorted())
  }

  @Test func namesOfAnyBytesAreWritten() throws {
    let name = folder.path + "/" + String(systemBytes: [0x66, 0xe9, 0xff, 0x2e, 0x74])
    try AtomicFile.write("latin", to: name)
    #expect(try MappedFile(name).data == Data("latin".utf8))
    #expect(
      try FileSystem.names(in: folder.path).map(\.systemBytes) == [[0x66, 0xe9, 0xff, 0x2e, 0x74]])
  }

  @Test(.enabled(if: TinyDisk.isAvailable, "no right to mount a small file system"))
  func realFullDiskKeepsTheOldFile() throws {
    let disk = try #require(TinyDisk(bytes: 1 << 16))
    try AtomicFile.write("old", to: disk.path + "/file")
    let error = #expect(throws: InputError.self) {
      try AtomicFile.write(Data(count: 1 << 20), to: disk.path + "/file")
    }
    #expect(error?.errorDescription?.contains("the disk is full; free some space") == true)
    #expect(try names(disk.path) == ["file"])
    #expect(try String(contentsOfFile: disk.path + "/file", encoding: .utf8) == "old")
  }

  @Test(.enabled(if: geteuid() != 0, "root may write anywhere"))
  func deniedFolderIsOneLine() throws {
    #expect(chmod(folder.path, 0o500) == 0)
    defer { chmod(folder.path, 0o700) }
    let error = #expect(throws: InputError.self) {
      try AtomicFile.write("x", to: folder.file("a"))
    }
    #expect(error?.errorDescription?.contains("permission denied") == true)
  }

  @Test func fileInPlaceOfAFolder() throws {
    try AtomicFile.write("x", to: folder.file("file"))
    #expect(
      throws: InputError(
        folder.file("file"), "is a file where a folder is needed", "choose another name")
    ) { try AtomicFile.write("x", to: folder.file("file/below")) }
    try AtomicFile.createFolder(folder.file("folder"))
    #expect(throws: InputError.self) { try AtomicFile.write("x", to: folder.file("folder")) }
    #expect(try names(folder.path) == ["file", "folder"])
  }

  @Test func countsBytesWritten() throws {
    let count = try AtomicFile.write(to: folder.file("n")) { writer in
      try writer.write(Data(count: 5000))
      try writer.write("äb")
      return writer.count
    }
    #expect(count == 5003)
    #expect(try MappedFile(folder.file("n")).count == 5003)
  }

  /// Ctrl-C in the middle of a write removes the temporary file and exits with 130.
  @Test func interruptionRemovesTemporaryFiles() async throws {
    let place = NSTemporaryDirectory() + "unmask-interruption-\(getpid())"
    setenv("UNMASK_INTERRUPTION_TEST", place, 1)
    defer { try? FileManager.default.removeItem(atPath: place) }
    await #expect(processExitsWith: .exitCode(130)) {
      let path = (ProcessInfo.processInfo.environment["UNMASK_INTERRUPTION_TEST"] ?? "") + "/file"
      Interruption.install()
      try AtomicFile.write(to: path) { writer in
        try writer.write("half")
        kill(getpid(), SIGINT)
        sleep(20)
      }
    }
    #expect(try names(place) == [])
  }
}
