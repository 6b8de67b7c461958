extension CommandLine {
  /// The command as it was typed, quoted so that a shell reads it back; for reports.
  static var text: String {
    (["unmask"] + arguments.dropFirst()).map { quoted($0) }.joined(separator: " ")
  }

  private static func quoted(_ word: String) -> String {
    let isPlain = word.utf8.allSatisfy { byte in
      let isLetter = (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte)
      return isLetter || "_-./:=,@%+".utf8.contains(byte)
    }
    if isPlain, !word.isEmpty { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
