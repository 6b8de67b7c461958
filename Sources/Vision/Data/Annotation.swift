/// A picture with what is known about it.
package struct Sample: Sendable {
  /// The picture.
  package let image: Image
  /// What is in it.
  package let annotation: Annotation

  /// A picture and what is known about it.
  package init(image: Image, annotation: Annotation) {
    self.image = image
    self.annotation = annotation
  }
}

/// What is known about a picture: any of the kinds, or nothing.
package struct Annotation: Sendable, Equatable {
  /// The kinds of annotation that a data set may have.
  package enum Kind: String, Sendable, CaseIterable, Comparable {
    case label
    case labelMap = "label map"
    case instances, caption

    package static func < (first: Kind, second: Kind) -> Bool { first.rawValue < second.rawValue }
  }

  /// The id of pixels in a label map that belong to no class: they are neither learned from nor scored.
  package static let ignored: UInt8 = 255

  /// The class of the picture, from zero.
  package var label: Int?
  /// The class that each pixel shows, from zero, or `ignored`; of the picture's size.
  package var labelMap: LabelMap?
  /// The objects that can be seen.
  package var instances: [Instance]?
  /// A sentence about the picture.
  package var caption: String?

  /// An object in a picture.
  package struct Instance: Sendable, Equatable {
    /// Its class, from zero.
    package let label: Int
    /// The smallest box around its pixels.
    package let box: PixelBox
    /// 1 for the pixels that show it, else 0; of the picture's size.
    package let mask: LabelMap

    /// An object of a class at a place.
    package init(label: Int, box: PixelBox, mask: LabelMap) {
      self.label = label
      self.box = box
      self.mask = mask
    }
  }

  /// The given kinds; nothing is known of the others.
  package init(
    label: Int? = nil, labelMap: LabelMap? = nil, instances: [Instance]? = nil,
    caption: String? = nil
  ) {
    self.label = label
    self.labelMap = labelMap
    self.instances = instances
    self.caption = caption
  }

  /// The kinds that are there.
  package var kinds: Set<Kind> {
    var kinds: Set<Kind> = []
    if label != nil { kinds.insert(.label) }
    if labelMap != nil { kinds.insert(.labelMap) }
    if instances != nil { kinds.insert(.instances) }
    if caption != nil { kinds.insert(.caption) }
    return kinds
  }
}
