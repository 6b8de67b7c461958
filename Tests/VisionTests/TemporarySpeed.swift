import Foundation
import Tensors
import TestSupport
import Testing

@testable import Vision

struct TemporarySpeed {
  func time(_ name: String, _ n: Int, _ body: (Int) -> Void) {
    for i in 0..<max(1, n / 10) { body(i) }
    var best = Double.infinity
    for _ in 0..<5 {
      let t = DispatchTime.now().uptimeNanoseconds
      for i in 0..<n { body(i) }
      best = min(best, Double(DispatchTime.now().uptimeNanoseconds - t) / Double(n))
    }
    print("SPEED \(name): \(Int(best)) ns")
  }
  @Test(.enabled(if: ProcessInfo.processInfo.environment["VISION_SPEED"] != nil)) func speed()
    throws
  {
    let image = noisePicture(width: 32, height: 32)
    let big = noisePicture(width: 500, height: 375)
    let out = UnsafeMutablePointer<Float>.allocate(capacity: 3 * 224 * 224)
    let a = TrainingAugmentation(side: 32)
    let j = TrainingAugmentation(
      side: 32,
      colourJitter: ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1))
    let b = TrainingAugmentation(side: 224)
    let p = Preprocessing(side: 32, cropRatio: 1)
    let q = Preprocessing(side: 224)
    time("crop32", 2000) { i in
      var r = RandomStream(seed: 1, purpose: "x", i); a.render(image, random: &r, into: out)
    }
    time("crop32 jitter", 1000) { i in
      var r = RandomStream(seed: 1, purpose: "x", i); j.render(image, random: &r, into: out)
    }
    time("eval32", 2000) { i in p.render(image, into: out) }
    time("crop224 of 500x375", 50) { i in
      var r = RandomStream(seed: 1, purpose: "x", i); b.render(big, random: &r, into: out)
    }
    time("eval224 of 500x375", 50) { i in q.render(big, into: out) }
    for side in [32, 64] {
      let g = SceneGenerator(side: side, seed: 0)
      let s = SceneSplit(generator: g, name: "train", count: 1 << 20)
      time("scene\(side)", 1000) { i in _ = s.image(at: i) }
      time("scene annotation\(side)", 300) { i in _ = s.scene(at: i).annotation() }
    }
    if let f = RealData.folder("cifar10-jpeg") {
      let t = DispatchTime.now().uptimeNanoseconds
      let d = try openDataset("cifar10:\(f)")
      print("SPEED open cifar \(Double(DispatchTime.now().uptimeNanoseconds - t) / 1e6) ms")
      time("cifar image", 5000) { i in _ = try? d.train.image(at: i) }
    }
    if let f = RealData.folder("fashion-mnist") {
      let t = DispatchTime.now().uptimeNanoseconds
      let d = try openDataset("idx:\(f)")
      print("SPEED open fashion \(Double(DispatchTime.now().uptimeNanoseconds - t) / 1e6) ms")
      time("idx image", 5000) { i in _ = try? d.train.image(at: i) }
    }
    if let f = RealData.folder("bccd") {
      let path = try FileManager.default.contentsOfDirectory(atPath: f + "/train").filter {
        $0.hasSuffix(".png")
      }[0]
      time("png 320x240", 20) { i in _ = try? readImage(f + "/train/" + path) }
    }
    let dump = ProcessInfo.processInfo.environment["VISION_SPEED"] ?? ""
    if dump.hasPrefix("/") {
      for (name, n) in [("train", 5000), ("test", 1000)] {
        let s = SceneSplit(
          generator: SceneGenerator(
            side: 32, seed: 0,
            greatestObjectCount: Int(ProcessInfo.processInfo.environment["OBJ"] ?? "2")!),
          name: name, count: n)
        var d = Data()
        for i in 0..<n { d.append(contentsOf: s.image(at: i).pixels) }
        try d.write(to: URL(fileURLWithPath: dump + "/\(name).bin"))
      }
      print(
        "CAPTION",
        (0..<10).map {
          SceneGenerator(side: 32, seed: 0).scene(at: $0, of: "train").annotation().caption
        })
      for k in 0..<10 {
        print(
          "AREA", SceneShape.allCases[k].name,
          (0..<100).map { i -> Double in
            let s = SceneGenerator(side: 256, seed: 0, greatestObjectCount: 1).scene(
              at: 10 * i + k, of: "train");
            return Double(s.annotation().instances[0].area)
              / Double(s.objects[0].size * s.objects[0].size)
          }.sorted()[50])
      }
    }
  }
}
