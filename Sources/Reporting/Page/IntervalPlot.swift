import Results

/// Values with their intervals, one row each, as inline SVG.
struct IntervalPlot {
  /// One row: its name, value and interval, as shown.
  struct Row {
    let label: String
    let value: Double
    let interval: Interval
  }

  let title: String
  let unit: String
  let rows: [Row]

  private let width = 720.0
  private let left = 220.0
  private let rowHeight = 20.0
  private let top = 8.0

  init(title: String, unit: String, rows: [Row]) {
    self.title = title
    self.unit = unit
    self.rows = rows
  }

  /// The plot as SVG markup, with a title that says in words what it shows.
  var svg: String {
    let axis = Axis(rows.flatMap { [$0.interval.low, $0.interval.high] }, count: 6)
    let bottom = top + rowHeight * Double(rows.count)
    let height = bottom + 36
    var html = HTML()
    html.raw(
      "<svg role=\"img\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" class=\"plot\" "
        + "style=\"max-width:\(Int(width))px\">")
    html.element("title", title)
    for tick in axis.ticks {
      let x = coordinate(axis.position(tick, left, width - 20))
      html.raw(
        "<line class=\"grid\" x1=\"\(x)\" x2=\"\(x)\" y1=\"\(coordinate(top))\" y2=\"\(coordinate(bottom))\"/>"
      )
      html.raw("<text text-anchor=\"middle\" x=\"\(x)\" y=\"\(coordinate(bottom + 16))\">")
      html.raw("\(axis.label(tick))</text>")
    }
    html.raw("<text text-anchor=\"end\" x=\"\(width - 4)\" y=\"\(coordinate(bottom + 32))\">")
    html.raw("\(Escaping.html(unit))</text>")
    for (index, row) in rows.enumerated() {
      draw(row, axis, top + rowHeight * (Double(index) + 0.5), &html)
    }
    html.raw("</svg>\n")
    return html.text
  }

  private func draw(_ row: Row, _ axis: Axis, _ y: Double, _ html: inout HTML) {
    let ends = [row.interval.low, row.interval.high].map {
      coordinate(axis.position($0, left, width - 20))
    }
    let x = coordinate(axis.position(row.value, left, width - 20))
    let height = coordinate(y)
    let short = row.label.count > 30 ? row.label.prefix(29) + "…" : row.label
    html.raw("<text text-anchor=\"end\" x=\"\(left - 10)\" y=\"\(coordinate(y + 4))\">")
    html.raw("\(Escaping.html(String(short)))</text>")
    html.raw(
      "<line class=\"bar\" x1=\"\(ends[0])\" x2=\"\(ends[1])\" y1=\"\(height)\" y2=\"\(height)\"/>")
    html.raw("<circle class=\"dot\" cx=\"\(x)\" cy=\"\(height)\" r=\"4\"/>")
  }
}
