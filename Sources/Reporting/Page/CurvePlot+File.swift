import Foundation

extension CurvePlot {
  /// The plot as a file of its own: SVG on white, with the colours that the page gives it in daylight.
  var file: Data {
    let start = "<svg "
    var text = svg
    guard text.hasPrefix(start), let end = text.firstIndex(of: ">") else { return Data() }
    text.insert(
      contentsOf: "<style>\(Self.style)</style>" + Self.ground, at: text.index(after: end))
    text.insert(
      contentsOf: "xmlns=\"http://www.w3.org/2000/svg\" ",
      at: text.index(text.startIndex, offsetBy: start.count))
    return Data("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(text)".utf8)
  }

  private static let ground = "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"

  private static let colours = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#a06000", "#7b3294", "#444444",
  ]

  private static let style: String = {
    let curves = colours.enumerated().map { ".c\($0.offset){stroke:\($0.element)}" }.joined()
    return "text{font:12px sans-serif;fill:#222222}.grid{stroke:#dddddd}"
      + ".curve{fill:none;stroke-width:2}.d1{stroke-dasharray:6 3}.d2{stroke-dasharray:2 3}"
      + curves
  }()
}
