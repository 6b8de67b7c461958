import Foundation

/// Pieces of HTML whose texts are escaped when they are put in.
struct HTML {
  /// The markup.
  private(set) var text = ""

  /// Adds markup that is ours.
  mutating func raw(_ markup: String) { text += markup }

  /// Adds an element with text from anywhere.
  mutating func element(_ name: String, _ content: String, _ attributes: [String: String] = [:]) {
    text += HTML.open(name, attributes) + Escaping.html(content) + "</\(name)>"
  }

  /// Adds an element around other markup.
  mutating func element(
    _ name: String, _ attributes: [String: String] = [:], _ body: (inout HTML) -> Void
  ) {
    text += HTML.open(name, attributes)
    body(&self)
    text += "</\(name)>\n"
  }

  /// An opening tag; attributes in the order of their names.
  static func open(_ name: String, _ attributes: [String: String]) -> String {
    let list = attributes.sorted { $0.key < $1.key }.map {
      " \($0.key)=\"\(Escaping.html($0.value))\""
    }
    return "<\(name)\(list.joined())>"
  }
}

/// A cell of a table: what is shown, and what it is sorted by.
struct HTMLCell {
  var text: String
  /// Sorts the cell; nil for its text.
  var value: Double?

  init(_ text: String, _ value: Double? = nil) {
    self.text = text
    self.value = value
  }
}

extension HTML {
  /// Adds a table that can be sorted by each column; the first cell of a row is its heading.
  mutating func table(
    caption: String, titles: [String], rows: [[HTMLCell]], attributes: [String: String] = [:]
  ) {
    raw(
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"\(Escaping.html(caption))\">"
    )
    raw(HTML.open("table", attributes.merging(["class": "sortable"]) { $1 }))
    element("caption", caption)
    raw("<thead><tr>")
    for title in titles {
      raw("<th scope=\"col\"><button type=\"button\">")
      raw(Escaping.html(title))
      raw("</button></th>")
    }
    raw("</tr></thead>\n<tbody>\n")
    for row in rows {
      raw("<tr>")
      for (index, cell) in row.enumerated() {
        var attributes = cell.value.map { ["data-value": "\($0)"] } ?? [:]
        if cell.value != nil { attributes["class"] = "number" }
        if cell.text.count > 30 && cell.value == nil { attributes["class"] = "long" }
        if index == 0 { attributes["scope"] = "row" }
        element(index == 0 ? "th" : "td", cell.text, attributes)
      }
      raw("</tr>\n")
    }
    raw("</tbody></table></div>\n")
  }

  /// Adds a list of names and values.
  mutating func definitions(_ items: [(String, String)]) {
    element("dl") { html in
      for (name, value) in items {
        html.element("dt", name)
        html.element("dd", value)
      }
    }
  }
}
