/// A table of text, aligned for a terminal or written as Markdown or CSV; every cell is escaped.
package struct TextTable: Sendable {
  /// On which side a column's cells are flush.
  package enum Alignment: Sendable {
    case left, right
  }

  /// The titles of the columns.
  package let titles: [String]
  /// One alignment per column.
  package let alignments: [Alignment]
  /// The rows, each with one cell per column.
  package private(set) var rows: [[String]] = []

  /// A table without rows; the first column is flush left, the others right, unless told.
  package init(_ titles: [String], alignments: [Alignment]? = nil) {
    self.titles = titles
    self.alignments = alignments ?? titles.indices.map { $0 == 0 ? .left : .right }
    precondition(self.alignments.count == titles.count, "an alignment for each column")
  }

  /// Appends a row.
  package mutating func add(_ row: [String]) {
    precondition(row.count == titles.count, "\(row.count) cells for \(titles.count) columns")
    rows.append(row)
  }

  /// Columns in width, two spaces between; columns that do not fit are put below, with the
  /// first columns, those flush left, again.
  package func text(width: Int = 100) -> String {
    let cells = ([titles] + rows).map { $0.map(Escaping.terminal) }
    let widths = titles.indices.map { column in cells.map { displayWidth($0[column]) }.max() ?? 0 }
    return blocks(widths, width).map { columns in
      cells.map { row in
        line(columns.map { aligned(row[$0], widths[$0], alignments[$0]) })
      }.joined(separator: "\n")
    }.joined(separator: "\n\n")
  }

  /// A Markdown table.
  package var markdown: String {
    let escaped = ([titles] + rows).map { row in
      "| " + row.map(Escaping.markdown).joined(separator: " | ") + " |"
    }
    let rule =
      "|" + alignments.map { $0 == .left ? " :-- |" : " --: |" }.joined()
    return ([escaped[0], rule] + escaped.dropFirst()).joined(separator: "\n")
  }

  /// Comma-separated values (RFC 4180) with a line of titles.
  package var csv: String {
    ([titles] + rows).map { $0.map(Escaping.csv).joined(separator: ",") + "\r\n" }.joined()
  }

  /// Groups columns into blocks that fit; each begins with the columns that say what a row is.
  private func blocks(_ widths: [Int], _ limit: Int) -> [[Int]] {
    let keys = Array(titles.indices.prefix(max(1, alignments.prefix { $0 == .left }.count)))
    let keyWidth = keys.reduce(0) { $0 + widths[$1] + 2 } - 2
    var blocks = [keys]
    var used = keyWidth
    for column in titles.indices.dropFirst(keys.count) {
      if used + 2 + widths[column] > limit, (blocks.last?.count ?? 0) > keys.count {
        blocks.append(keys)
        used = keyWidth
      }
      blocks[blocks.count - 1].append(column)
      used += 2 + widths[column]
    }
    return blocks
  }

  private func line(_ cells: [String]) -> String {
    var text = cells.joined(separator: "  ")
    while text.last == " " { text.removeLast() }
    return text
  }
}

private func aligned(_ text: String, _ width: Int, _ alignment: TextTable.Alignment) -> String {
  let padding = String(repeating: " ", count: max(0, width - displayWidth(text)))
  return alignment == .left ? text + padding : padding + text
}

/// How many columns of a terminal the text takes: two for wide East Asian characters and emoji,
/// none for combining marks.
func displayWidth(_ text: String) -> Int {
  text.reduce(0) { width, character in
    guard let scalar = character.unicodeScalars.first else { return width }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return width
    default: return width + (isWide(scalar) ? 2 : 1)
    }
  }
}

private func isWide(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
    0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF,
    0x20000...0x3FFFD:
    true
  default: false
  }
}
