/// Curves over a common axis as inline SVG, told apart by colour, dashes and a legend.
struct CurvePlot {
  /// One curve.
  struct Curve {
    let label: String
    let points: [(x: Double, y: Double)]
  }

  let title: String
  let horizontal: String
  let vertical: String
  let curves: [Curve]

  private let width = 720.0
  private let left = 60.0
  private let top = 10.0
  private let bottom = 260.0

  init(title: String, horizontal: String, vertical: String, curves: [Curve]) {
    self.title = title
    self.horizontal = horizontal
    self.vertical = vertical
    self.curves = curves.filter { !$0.points.isEmpty }
  }

  /// The plot as SVG markup; empty without curves.
  var svg: String {
    guard !curves.isEmpty else { return "" }
    let across = Axis(curves.flatMap { $0.points.map(\.x) }, count: 8)
    let up = Axis(curves.flatMap { $0.points.map(\.y) }, count: 5)
    let height = bottom + 50 + 18 * Double(curves.count)
    var html = HTML()
    html.raw(
      "<svg role=\"img\" viewBox=\"0 0 \(Int(width)) \(Int(height))\" class=\"plot\" "
        + "style=\"max-width:\(Int(width))px\">")
    html.element("title", title)
    drawAxes(across, up, &html)
    for (index, curve) in curves.enumerated() { draw(curve, index, across, up, &html) }
    html.raw("</svg>\n")
    return html.text
  }

  private func drawAxes(_ across: Axis, _ up: Axis, _ html: inout HTML) {
    for tick in up.ticks {
      let y = coordinate(up.position(tick, bottom, top))
      html.raw("<line class=\"grid\" x1=\"\(left)\" x2=\"\(width - 20)\" y1=\"\(y)\" y2=\"\(y)\"/>")
      html.raw(
        "<text text-anchor=\"end\" x=\"\(left - 8)\" y=\"\(y)\" dy=\"4\">\(up.label(tick))</text>")
    }
    for tick in across.ticks {
      let x = coordinate(across.position(tick, left, width - 20))
      html.raw(
        "<text text-anchor=\"middle\" x=\"\(x)\" y=\"\(bottom + 18)\">\(across.label(tick))</text>")
    }
    let names = "\(vertical) over \(horizontal)"
    html.raw("<text text-anchor=\"end\" x=\"\(width - 20)\" y=\"\(bottom + 36)\">")
    html.raw("\(Escaping.html(names))</text>")
  }

  private func draw(_ curve: Curve, _ index: Int, _ across: Axis, _ up: Axis, _ html: inout HTML) {
    let points = curve.points.filter { $0.x.isFinite && $0.y.isFinite }.map { point in
      coordinate(across.position(point.x, left, width - 20)) + ","
        + coordinate(up.position(point.y, bottom, top))
    }
    let style = "curve c\(index % 8) d\(index / 8 % 3)"
    html.raw("<polyline class=\"\(style)\" points=\"\(points.joined(separator: " "))\"/>")
    let y = bottom + 50 + 18 * Double(index)
    html.raw(
      "<line class=\"\(style)\" x1=\"\(left)\" x2=\"\(left + 30)\" y1=\"\(y)\" y2=\"\(y)\"/>")
    html.raw("<text x=\"\(left + 38)\" y=\"\(y + 4)\">\(Escaping.html(curve.label))</text>")
  }
}
