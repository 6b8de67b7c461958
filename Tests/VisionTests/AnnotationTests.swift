import Support
import TestSupport
import Testing

@testable import Vision

/// What a split says about its pictures.
struct AnnotationTests {
  /// A split whose pictures cannot be had.
  private struct Undrawable: ImageSplit {
    let count = 12
    func image(at index: Int) throws -> Image { throw InputError("picture \(index)", "was drawn") }
    func label(at index: Int) -> Int { index % 3 }
    func exampleID(at index: Int) -> String { "\(index)" }
  }

  @Test func scenesSayEverything() throws {
    let dataset = try openDataset("scenes:?train=20&test=10")
    #expect(dataset.annotations == Set(Annotation.Kind.allCases))
    #expect(dataset.mapClasses.count == 11 && dataset.mapClasses[0] == "ground")
    for index in 0..<20 {
      let sample = try dataset.train.sample(at: index)
      let annotation = sample.annotation
      #expect(annotation.kinds == dataset.annotations)
      #expect(sample.image == (try dataset.train.image(at: index)))
      #expect(annotation == (try dataset.train.annotation(at: index)))
      #expect(annotation.label == dataset.train.label(at: index))
      let map = try #require(annotation.labelMap)
      #expect(map.width == sample.image.width && map.height == sample.image.height)
      // The front-most object is the largest: its class is that of the picture.
      let instances = try #require(annotation.instances)
      #expect(instances.last?.label == annotation.label)
      for instance in instances {
        let pixels = map.labels.indices.filter { instance.mask.labels[$0] == 1 }
        #expect(pixels.allSatisfy { Int(map.labels[$0]) == instance.label + 1 })
        #expect(dataset.mapClasses[instance.label + 1] == dataset.classes[instance.label])
        let (xs, ys) = (pixels.map { $0 % map.width }, pixels.map { $0 / map.width })
        #expect(instance.box.x == xs.min() && instance.box.y == ys.min())
        #expect(instance.box.x + instance.box.width - 1 == xs.max())
      }
    }
  }

  @Test func partsOfASplitPassAnnotationsOn() throws {
    let whole = try openDataset("scenes:?train=40&test=20")
    let part = whole.limited(to: 15)
    #expect(part.annotations == whole.annotations && part.mapClasses == whole.mapClasses)
    for index in 0..<15 {
      let id = part.train.exampleID(at: index)
      let place = try #require(whole.train.ids.firstIndex(of: id))
      #expect(try part.train.annotation(at: index) == whole.train.annotation(at: place))
      #expect(try part.train.sample(at: index).annotation == whole.train.annotation(at: place))
    }
  }

  @Test func labelsDrawNothing() throws {
    let split = Undrawable()
    let part = split.limited(to: 6, purpose: "test")
    #expect(part.labels.count == 6)
    #expect(try part.annotation(at: 1) == Annotation(label: part.label(at: 1)))
    #expect(try split.annotation(at: 4).kinds == [.label])
    #expect(throws: InputError.self) { try part.sample(at: 0) }
    #expect(Annotation().kinds.isEmpty)
  }
}
