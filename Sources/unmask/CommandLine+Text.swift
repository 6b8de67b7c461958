import Support

extension CommandLine {
  /// The command as it was typed, quoted so that a shell reads it back; for reports.
  static var text: String {
    (["unmask"] + Environment.arguments.dropFirst()).map { quoted($0) }.joined(separator: " ")
  }

  /// The same with another option, unless it is there already.
  static func text(adding option: String) -> String {
    Environment.arguments.contains(option) ? text : text + " " + option
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
