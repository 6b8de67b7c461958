extension Scene {
  /// A sentence such as “a red striped star on dark blue dotted ground, with a small green ring to
  /// its left”.
  func caption(of seen: [SceneObject], at frame: Int) -> String {
    let ground = "on \(describe(self.ground)) ground"
    guard let main = seen.last else { return "nothing \(ground)" }
    let others = seen.dropLast().map { object in
      "a small \(describe(object.texture)) \(object.shape.name) "
        + place(object.centre(at: frame) - main.centre(at: frame))
    }
    let rest = others.isEmpty ? "" : ", with " + others.joined(separator: " and ")
    let subject = "\(describe(main.texture)) \(main.shape.name)"
    return "\(article(subject)) \(subject) \(ground)\(rest)"
  }

  private func describe(_ texture: SceneTexture) -> String {
    "\(colourName(texture.meanColour)) \(texture.pattern)"
  }

  private func place(_ offset: SIMD2<Float>) -> String {
    if abs(offset.x) > abs(offset.y) { return offset.x < 0 ? "to its left" : "to its right" }
    return offset.y < 0 ? "above it" : "below it"
  }

  private func article(_ words: String) -> String {
    words.first.map { "aeiou".contains($0) } == true ? "an" : "a"
  }
}

/// The nearest of a few named colours.
private func colourName(_ colour: SIMD3<Float>) -> String {
  let distances = namedColours.map { named -> Float in
    let difference = named.colour - colour
    return (difference * difference).sum()
  }
  let nearest = distances.indices.min { distances[$0] < distances[$1] } ?? 0
  return namedColours[nearest].name
}

private let namedColours: [(name: String, colour: SIMD3<Float>)] = [
  ("black", [20, 20, 20]), ("grey", [128, 128, 128]), ("white", [235, 235, 235]),
  ("red", [210, 40, 40]), ("dark red", [110, 30, 30]), ("orange", [230, 140, 40]),
  ("brown", [120, 80, 40]), ("yellow", [220, 210, 60]), ("olive", [110, 120, 40]),
  ("green", [60, 180, 60]), ("dark green", [30, 90, 40]), ("cyan", [60, 200, 200]),
  ("teal", [30, 110, 110]), ("blue", [60, 80, 210]), ("dark blue", [30, 30, 110]),
  ("purple", [120, 50, 160]), ("pink", [230, 130, 190]), ("light green", [150, 220, 140]),
  ("light blue", [140, 170, 230]),
]
