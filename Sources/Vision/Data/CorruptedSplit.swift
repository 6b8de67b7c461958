/// A copy of a split whose pictures are spoilt when they are asked for, or read from files that hold them.
package struct CorruptedSplit: ImageSplit {
  private let base: any ImageSplit
  private let setting: CorruptionSetting

  /// A copy of `base` with a corruption.
  package init(_ base: any ImageSplit, _ setting: CorruptionSetting) {
    self.base = base
    self.setting = setting
  }

  package var count: Int { base.count }

  package func image(at index: Int) throws -> Image {
    if let files = setting.files { return try files.image(setting, at: index) }
    return try setting.apply(to: base.image(at: index), id: base.exampleID(at: index))
  }

  package func sample(at index: Int) throws -> Sample {
    if let files = setting.files {
      return Sample(
        image: try files.image(setting, at: index), annotation: try base.annotation(at: index))
    }
    let sample = try base.sample(at: index)
    return Sample(
      image: try setting.apply(to: sample.image, id: base.exampleID(at: index)),
      annotation: sample.annotation)
  }

  package func label(at index: Int) -> Int { base.label(at: index) }
  package func annotation(at index: Int) throws -> Annotation { try base.annotation(at: index) }
  package func exampleID(at index: Int) -> String { base.exampleID(at: index) }
}
