import Encoders
import Foundation
import Support
import TestSupport
import Testing
import Vision

@testable import Checkpoints

/// Settings beside the weights against timm, OpenCLIP and transformers (Tests/Goldens/transforms.py).
@Suite struct SettingsTests {
  private static func goldens(_ name: String) throws -> [String: JSON] {
    let path = packageFolder + "/Tests/Goldens/transforms/\(name).json"
    return try #require(try JSON.parse(contentsOf: path).object)
  }

  /// The transform that settings files ask for.
  private func transform(
    _ files: JSON, family: String = "timm-vit", options: CheckpointOptions = CheckpointOptions()
  ) throws -> Preprocessing {
    let archive = TensorArchive(
      source: "model", format: "folder", tensors: [], metadata: files, fileBytes: 0)
    let stated = try WeightView(archive, prefix: "")
      .statedPreprocessing(options, usual: 32, family: family)
    return try #require(stated).preprocessing
  }

  /// Every pixel of 19 shapes, and the numbers that the encoder reads.
  @Test func followsEveryLibrary() throws {
    let cases = try Self.goldens("settings")
    #expect(cases.count >= 36)
    for (name, golden) in cases {
      let family = golden["family"]?.string ?? "timm-vit"
      let transform = try transform(try #require(golden["files"]), family: family)
      let hashes = try #require(golden["hashes"]?.object)
      #expect(hashes.count >= 15)
      for (shape, hash) in hashes {
        let hashed = pixelHash(transform.preview(try noisePicture(shape)))
        #expect(hashed == hash.string, "\(name), \(shape): \(transform.words)")
      }
      let planes = rendered(transform, try noisePicture("48x48"))
      let side = transform.side
      let first = [0, 1, side * side, side * side + 1, 2 * side * side, 2 * side * side + 1]
      for (place, value) in zip(first, try #require(golden["first"]?.array)) {
        let expected = try #require(value.double)
        #expect(abs(Double(planes[place]) - expected) <= 1e-5 * max(1, abs(expected)), "\(name)")
      }
    }
  }

  /// transformers' default processors resize tensors: a grey level from those on Pillow, which are followed.
  ///
  /// Where the two take rows and columns in another order, on noise as here, it is up to three.
  @Test func staysNearTheProcessorsOfTensors() throws {
    for (name, golden) in try Self.goldens("tensors") {
      let transform = try transform(try #require(golden["files"]))
      for (shape, row) in try #require(golden["middle"]?.object) {
        let seen = transform.preview(try noisePicture(shape))
        let (side, y) = (transform.side, transform.side / 2)
        for (index, level) in try #require(row.array).enumerated() {
          let ours = Double(seen.pixels[3 * (y * side + index % side) + index / side])
          #expect(
            abs(ours - (try #require(level.double))) <= (shape == "25x75" ? 3.01 : 1.01),
            "\(name), \(shape)")
        }
      }
    }
  }

  private func rendered(_ transform: Preprocessing, _ image: Image) -> [Float] {
    [Float](unsafeUninitializedCapacity: transform.count) { buffer, count in
      if let base = buffer.baseAddress { transform.render(image, into: base) }
      count = transform.count
    }
  }

  /// A value that cannot be followed is named with its key and file, whatever it is.
  @Test(arguments: [
    (#"{"size": 9000}"#, "size"), (#"{"size": -5}"#, "'size' is -5"), (#"{"size": 0}"#, "size"),
    (#"{"size": 4611686018427387904}"#, "'size' is 4611686018427387904"),
    (#"{"size": "224"}"#, "size"),
    (#"{"size": 1e300}"#, "size"), (#"{"size": 32.5}"#, "size"), (#"{"size": []}"#, "size"),
    (#"{"size": {"longest_edge": 32}}"#, "longest_edge"), (#"{"size": null}"#, "'size' is null"),
    (#"{"size": {"height": 32, "width": 48}}"#, "48×32"),
    (#"{"size": {"shortest_edge": 32}}"#, "shapes"),
    (#"{"size": {"max_height": 32, "max_width": 32}}"#, "max_height"),
    (#"{"size": {"shortest_edge": 32, "height": 32}}"#, "size"),
    (#"{"do_resize": false}"#, "'do_resize' is false"), (#"{"do_resize": "no"}"#, "do_resize"),
    (#"{"do_center_crop": true}"#, "crop_size"), (#"{"do_center_crop": 1}"#, "do_center_crop"),
    (#"{"do_center_crop": true, "crop_size": {"height": 32, "width": 16}}"#, "rectangle"),
    (#"{"do_center_crop": true, "crop_size": {"shortest_edge": 32}}"#, "crop_size"),
    (#"{"resample": 6}"#, "'resample' is 6"), (#"{"resample": "area"}"#, "area"),
    (#"{"resample": -1}"#, "resample"),
    (#"{"image_mean": [0.5, 0.5]}"#, "image_mean"),
    (#"{"image_mean": [0.5, "a", 0.5]}"#, "image_mean"),
    (#"{"image_std": [0.5, 0, 0.5]}"#, "image_std"), (#"{"image_std": [1e39, 1, 1]}"#, "image_std"),
    (#"{"image_std": -1}"#, "image_std"), (#"{"image_std": []}"#, "image_std"),
    (#"{"rescale_factor": 0}"#, "rescale_factor"),
    (#"{"rescale_factor": 1e300}"#, "rescale_factor"),
    (#"{"rescale_factor": "1/255"}"#, "rescale_factor"),
    (#"{"rescale_offset": true}"#, "rescale_offset"),
    (#"{"do_pad": true}"#, "do_pad"),
    (#"{"do_flip_channel_order": true}"#, "do_flip_channel_order"),
    (#"{"image_processor_type": "DonutImageProcessor"}"#, "DonutImageProcessor"),
    (#"{"image_processor_type": "EfficientNetImageProcessorFast"}"#, "EfficientNetImageProcessor"),
    (#"{"image_processor_type": 3}"#, "image_processor_type"),
    (
      #"{"image_processor_type": "ConvNextImageProcessor", "size": {"height": 32, "width": 32}}"#,
      "size"
    ),
    (
      #"{"image_processor_type": "ConvNextImageProcessor", "size": 32, "crop_pct": 1e-300}"#,
      "crop_pct"
    ),
  ])
  func refusesByName(_ text: String, _ word: String) throws {
    var settings = try #require(try JSON.parse(Data(text.utf8), from: "x").object)
    settings["image_processor_type"] = settings["image_processor_type"] ?? "ViTImageProcessor"
    let files: JSON = .object(["preprocessor": .object(settings)])
    expectRefusal("model/preprocessor_config.json", word) { _ = try transform(files) }
  }

  @Test(arguments: [
    (#"{"crop_pct": 1e-300}"#, "'crop_pct' is 1"), (#"{"crop_pct": 0}"#, "crop_pct"),
    (#"{"crop_pct": "0.9"}"#, "crop_pct"), (#"{"crop_mode": "corner"}"#, "corner"),
    (#"{"interpolation": "random"}"#, "random"), (#"{"interpolation": ""}"#, "interpolation"),
    (#"{"input_size": [3, 32, 64]}"#, "rectangle"), (#"{"input_size": [3, 0, 0]}"#, "input_size"),
    (#"{"input_size": 32}"#, "input_size"), (#"{"input_size": [3, 32]}"#, "input_size"),
    (#"{"test_input_size": [3, 4611686018427387904, 1]}"#, "test_input_size"),
    (#"{"mean": []}"#, "mean"), (#"{"std": [0, 0, 0]}"#, "std"), (#"{"std": [1, 1e39, 1]}"#, "std"),
  ])
  func refusesTimmByName(_ text: String, _ word: String) throws {
    let config = try JSON.parse(Data(text.utf8), from: "x")
    expectRefusal("model/config.json", word) {
      _ = try transform(["config": ["architecture": "x", "pretrained_cfg": config]])
    }
  }

  @Test func refusesWhatIsNoMapping() throws {
    expectRefusal("model/config.json", "'pretrained_cfg' is a list") {
      _ = try transform(["config": ["architecture": "x", "pretrained_cfg": []]])
    }
    expectRefusal("open_clip_config.json", "'preprocess_cfg' is a string") {
      _ = try transform(["openCLIP": ["preprocess_cfg": "usual"]], family: "openclip")
    }
    expectRefusal("preprocessor_config.json", "image processor") {
      _ = try transform(["preprocessor": []])
    }
  }

  /// transformers reads the nested processor first.
  @Test func prefersTheNestedProcessor() throws {
    let nested: JSON = ["image_processor_type": "ViTImageProcessor", "size": 40]
    let plain: JSON = ["image_processor_type": "CLIPImageProcessor", "size": 30]
    let both: JSON = ["processor": ["image_processor": nested], "preprocessor": plain]
    #expect(try transform(both).view == "squashed to 40×40 (bilinear), whole")
    let other: JSON = ["processor": ["processor_class": "x"], "preprocessor": plain]
    #expect(try transform(other).view.hasPrefix("short side to 30 px"))
    // The class by the model's type, and what null means.
    let typed: JSON = ["config": ["model_type": "vit"], "preprocessor": ["size": 48]]
    #expect(try transform(typed).view == "squashed to 48×48 (bilinear), whole")
    let off: JSON = [
      "preprocessor": [
        "image_processor_type": "DeiTImageProcessor", "size": 30, "do_center_crop": nil,
        "do_normalize": nil,
      ]
    ]
    #expect(try transform(off).words == "squashed to 30×30 (bicubic), whole, not normalised")
  }

  @Test(arguments: [
    (#"{"resize_mode": "middle"}"#, "middle"), (#"{"interpolation": "lanczos"}"#, "lanczos"),
    (#"{"mode": "L"}"#, "mode"), (#"{"resize_mode": "longest", "fill_color": 300}"#, "fill_color"),
    (#"{"resize_mode": "longest", "fill_color": 0.5}"#, "fill_color"),
    (#"{"mean": "half"}"#, "mean"),
    (#"{"size": [32, 64]}"#, "rectangle"),
  ])
  func refusesOpenCLIPByName(_ text: String, _ word: String) throws {
    let config = try JSON.parse(Data(text.utf8), from: "x")
    expectRefusal("model/open_clip_config.json", word) {
      _ = try transform(["openCLIP": ["preprocess_cfg": config]], family: "openclip")
    }
  }

  private func expectRefusal(_ words: String..., body: () throws -> Void) {
    let line = #expect(throws: InputError.self) { try body() }?.errorDescription ?? ""
    #expect(!line.contains("\n"))
    for word in words { #expect(line.contains(word), "in “\(line)”") }
  }

  /// What the user says is not read from the file, so that it stands in for what cannot be followed.
  @Test func theUserCanSayIt() throws {
    let files: JSON = [
      "preprocessor": [
        "image_processor_type": "DonutImageProcessor", "size": "large", "resample": 9,
        "image_mean": "none", "image_std": [0.5, 0.5, 0.5],
      ]
    ]
    let options = try CheckpointOptions(assignments: [
      "checkpoint.resize=squash", "checkpoint.interpolation=lanczos", "checkpoint.mean=0.25",
    ])
    let stated = try transform(files, options: options)
    let seen = try options.view.applied(to: stated)
    #expect(
      seen.words
        == "squashed to 32×32 (lanczos), whole, mean 0.25 0.25 0.25, deviation 0.5 0.5 0.5")
  }

  @Test func optionsSayHowPicturesAreSeen() throws {
    func words(_ assignments: String...) throws -> String {
      let options = try CheckpointOptions(assignments: assignments.map { "checkpoint." + $0 })
      return try options.view.applied(to: .standard(side: 32)).view
    }
    #expect(try words() == "short side to 32 px (bicubic), centre 32×32")
    #expect(try words("crop=0.875") == "short side to 36 px (bicubic), centre 32×32")
    #expect(try words("resize=40") == "short side to 40 px (bicubic), centre 32×32")
    #expect(try words("resize=squash", "crop=0.8") == "squashed to 40×40 (bicubic), centre 32×32")
    #expect(
      try words("resize=long_side", "interpolation=box")
        == "long side to 32 px (box), centre 32×32, filled up with 124 116 104")
    for wrong in [
      "crop=0", "crop=-1", "crop=1e-300", "resize=stretch", "resize=0", "resize=9000", "mean=[1,2]",
      "deviation=0", "deviation=[1,1,1e39]", "interpolation=cubic", "mean=nan",
    ] {
      let key = String(wrong.prefix { $0 != "=" })
      expectRefusal(key) { _ = try CheckpointOptions(assignments: ["checkpoint." + wrong]) }
    }
    expectRefusal("crop") {
      _ = try CheckpointOptions(assignments: ["checkpoint.crop=1", "checkpoint.resize=40"])
    }
  }
}
