import Checkpoints
import Evaluation
import Foundation
import Pretraining
import Results
import Support
import Sweeps
import Tensors
import Vision

@testable import Reporting

/// A way into the program for a file of somebody else: what it reads, and small real files to begin
/// with.
struct Reader {
  let name: String
  /// The name that the file has while it is read; its ending decides in places.
  let file: String
  /// Files of `Tests/Goldens` and `tasks`, from the root of the repository.
  let seeds: [String]
  /// Reads the file at a path; an `InputError` is a good answer.
  let read: @Sendable (String) throws -> Void

  static let all = [
    Reader(
      name: "safetensors", file: "a.safetensors", seeds: formats(["types.safetensors"]),
      read: archive),
    Reader(
      name: "pickle", file: "a.pth",
      seeds: formats([
        "zip.pth", "legacy.th", "protocol4.pt", "protocol5.pt", "big_endian_deflated.pt",
      ]),
      read: archive),
    Reader(
      name: "numpy", file: "a.npz", seeds: formats(["stored.npz", "deflated.npz", "array.npy"]),
      read: archive),
    Reader(
      name: "network", file: "a.pth",
      seeds: [
        "dinov2.pth", "mae.pth", "beit.pth", "moco_v3.pth.tar", "resnet_basic.pth",
        "openai_clip.pt",
      ]
      .map { "Tests/Goldens/checkpoints/" + $0 }
    ) { path in
      _ = try CheckpointReading(path, options: CheckpointOptions()).load()
    },
    Reader(
      name: "settings", file: "config.json",
      seeds: ["hf_dinov2", "hf_vit", "hf_siglip", "timm_vit"].map {
        "Tests/Goldens/checkpoints/\($0)/config.json"
      }
    ) { path in
      let weights = "Tests/Goldens/checkpoints/hf_dinov2/model.safetensors"
      let beside = path.parentFolder + "/model.safetensors"
      if !FileSystem.exists(beside) { try AtomicFile.write(MappedFile(weights).data, to: beside) }
      _ = try CheckpointReading(path.parentFolder, options: CheckpointOptions()).load()
    },
    Reader(
      name: "pictures", file: "a.png",
      seeds: [
        "rgb8.png", "palette4.png", "interlaced.png", "grey16.png", "baseline420.jpg",
        "progressive.jpg", "cmyk.jpg",
      ]
      .map { "Tests/Goldens/vision/" + $0 }
    ) { path in _ = try readImage(path) },
    Reader(
      name: "recipes", file: "a.yaml",
      seeds: ["tasks/pretrain/mae-tiny.yaml", "tasks/pretrain/mae.yaml"]
    ) { path in
      // Without its encoder: drawing weights takes longer than reading.
      _ = try Fields(contentsOf: path)
    },
    Reader(
      name: "tasks", file: "a.yaml",
      seeds: ["tasks/knn.yaml", "tasks/linear_probe.yaml", "tasks/attentive_probe.yaml"]
    ) { path in _ = try TaskCatalog.load(path) },
    Reader(name: "sweeps", file: "a.yaml", seeds: ["tasks/sweeps/masks.yaml"]) { path in
      _ = try SweepDefinition(path)
    },
    Reader(name: "gates", file: "gate.yaml", seeds: ["Tests/Fuzz/corpus/gate.yaml"]) { path in
      _ = try GateConfiguration(contentsOf: path)
    },
    Reader(name: "reports", file: "report.json", seeds: ["Tests/Fuzz/corpus/report.json"]) { path in
      try sign(path)
      let pool = WorkerPool(threads: 1)
      defer { pool.close() }
      let entries = try loadReports([path])
      _ = try Page(entries, pool: pool).html()
      _ = try Comparison(entries, pool: pool).text(.table)
    },
    Reader(
      name: "json", file: "a.json",
      seeds: ["Tests/Goldens/vision/cases.json", "docs/sweep.schema.json"]
    ) { path in _ = try JSON.parse(contentsOf: path) },
    Reader(name: "objects", file: "a.json", seeds: [truth]) { try score($0, found) },
    Reader(name: "detections", file: "a.json", seeds: [found]) { try score(truth, $0) },
  ]

  private static let truth = "Tests/Fuzz/corpus/coco_truth.json"
  private static let found = "Tests/Fuzz/corpus/coco_found.json"

  /// Scores boxes and masks.
  private static func score(_ truth: String, _ found: String) throws {
    let pool = WorkerPool(threads: 1)
    defer { pool.close() }
    for shape in DetectionProblem.Shape.allCases {
      let annotations = try COCOAnnotations(contentsOf: truth)
      let (problem, _) = try DetectionProblem.coco(
        annotations, COCODetections(contentsOf: found, for: annotations), comparing: shape)
      _ = try DetectionAccuracy(
        problem, categories: annotations.categories.map { ($0.id, $0.name) }, resamples: 2,
        pool: pool)
    }
  }

  private static func formats(_ names: [String]) -> [String] {
    names.map { "Tests/Goldens/checkpoints/formats/" + $0 }
  }

  /// Puts the hash of a changed report right, which would end the reading otherwise.
  @Sendable private static func sign(_ path: String) throws {
    guard var members = try JSON.parse(contentsOf: path).object else { return }
    var integrity = members["integrity"]?.object ?? [:]
    integrity["hash"] = .string(integrityHash(of: .object(members)))
    members["integrity"] = .object(integrity)
    try JSON.object(members).data().write(to: URL(fileURLWithPath: path))
  }

  @Sendable private static func archive(_ path: String) throws {
    let archive = try openCheckpoint(path)
    for name in archive.names { _ = try archive.floats(name) }
  }
}
