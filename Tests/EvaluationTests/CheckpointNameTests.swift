import Foundation
import Support
import TestSupport
import Testing

@testable import Evaluation

@Suite struct CheckpointNameTests {
  @Test(arguments: [
    ("runA/checkpoint.pth", "runA"), ("/x/runB/checkpoint.pth", "runB"),
    ("runA/model.safetensors", "runA"), ("runA/pytorch_model.bin", "runA"),
    ("runA/state_dict.pt", "runA"), ("runA/weights.npz", "runA"), ("runA/MODEL.PTH", "runA"),
    ("runA/last.pt", "runA-last"), ("runA/best.pth", "runA-best"),
    ("runA/model_best.pth.tar", "runA-model_best"), ("runA/latest.pth", "runA-latest"),
    ("runA/final.ckpt", "runA-final"), ("runA/epoch_12.pth", "runA-epoch_12"),
    ("runA/checkpoint0300.pth", "runA-checkpoint0300"),
    ("runA/checkpoint-1000", "runA-checkpoint-1000"),
    ("runA/checkpoint-1000/", "runA-checkpoint-1000"),
    ("runA/checkpoint-1000/model.safetensors", "runA-checkpoint-1000"),
    ("yolo/weights/best.pt", "yolo-best"),
    ("logs/exp/version_0/checkpoints/epoch=9-step=1000.ckpt", "exp-version_0-epoch-9-step-1000"),
    (
      "hub/models--facebook--dinov2-base/snapshots/f9e44c814b77203eaa57a6bdbbd535f21ede1415",
      "facebook-dinov2-base"
    ),
    (
      "hub/models--google--vit/snapshots/f9e44c814b77203eaa57a6bdbbd535f21ede1415/model.safetensors",
      "google-vit"
    ),
    ("big/model-00001-of-00003.safetensors", "big"),
    ("big/model.safetensors.index.json", "big"), ("a/open_clip_pytorch_model.bin", "a"),
    ("mae_pretrain_vit_base.pth", "mae_pretrain_vit_base"), ("checkpoints/first", "first"),
    ("runs/resnet20.th", "resnet20"), ("random:vit-tiny/4@32", "random-vit-tiny-4@32"),
    ("pixels", "pixels"), ("läufe/größe.pth", "größe"), ("実験/モデル一.pth", "モデル一"),
    ("x/дообучение 2.pth", "дообучение-2"), ("x/हिन्दी.pth", "हिन्दी"),
    ("x/a\u{202E}b\u{7}.pth", "a-b-"), ("x/..pth", "x"),
  ])
  func pathsGiveNames(path: String, name: String) {
    #expect(CheckpointName.of(path) == name)
  }

  @Test func aNameIsOneFolderOfAnyFileSystem() {
    for text in ["", ".", "..", "...", "-", "a/b", "a\u{0}b", "\u{1B}[31m", "é\u{301}", "🙂"] {
      let name = CheckpointName.safe(text)
      #expect(!name.isEmpty && !name.hasPrefix(".") && !name.contains("/"))
      #expect(name.unicodeScalars.allSatisfy { $0.value >= 0x20 })
    }
    let long = CheckpointName.safe(String(repeating: "語", count: 500))
    #expect(long.utf8.count <= 255)
    #expect(long != CheckpointName.safe(String(repeating: "語", count: 501)))
    // Composed and decomposed are one name.
    #expect(CheckpointName.safe("e\u{301}").unicodeScalars.count == 1)
  }

  private func names(_ texts: [String]) throws -> [String] {
    try CheckpointArgument.names(of: texts.map { try CheckpointArgument($0) })
  }

  @Test func noTwoOfOneRunAreAlike() throws {
    #expect(try names(["a/checkpoint.pth", "b/checkpoint.pth"]) == ["a", "b"])
    #expect(try names(["a/best.pth", "a/last.pth"]) == ["a-best", "a-last"])
    #expect(try names(["a/resnet.pth", "b/resnet.pth"]) == ["a-resnet", "b-resnet"])
    #expect(try names(["b/resnet.pth", "a/resnet.pth"]) == ["b-resnet", "a-resnet"])
    #expect(try names(["a/x/resnet.pth", "b/x/resnet.pth"]) == ["a-x-resnet", "b-x-resnet"])
    #expect(try names(["a/model.pth", "a/checkpoint.pth"]) == ["a-model", "a-checkpoint"])
    #expect(try names(["pixels", "pixels"]) == ["pixels", "pixels-2"])
    let endings = try names(["a/model.pth", "a/model.bin"])
    #expect(Set(endings).count == 2)
    // One on file systems that ignore case.
    let cased = try names(["RunA/checkpoint.pth", "runa/checkpoint.pth"])
    #expect(Set(cased.map { $0.lowercased() }).count == 2)
    let folded = try names(["x/STRASSE.pth", "x/straße.pth"]).map(CheckpointName.folded)
    #expect(Set(folded).count == 2)
    // A name that was given is kept.
    #expect(try names(["a=x/model.pth", "a/model.pth"])[0] == "a")
    #expect(try names(["a=x/model.pth", "a/model.pth"])[1] != "a")
    let revisions = ["1", "2"].map {
      "models--o--n/snapshots/" + String(repeating: $0, count: 40) + "/model.safetensors"
    }
    let revised = try names(revisions)
    #expect(Set(revised).count == 2)
  }

  @Test func anEqualsSignNames() throws {
    let folder = TemporaryFolder()
    let file = folder.file("epoch=9.ckpt")
    try Data().write(to: URL(fileURLWithPath: file))
    #expect(try CheckpointArgument("mine=a/b.pth").name == "mine")
    #expect(try CheckpointArgument("mine=a/b=c.pth").source == "a/b=c.pth")
    #expect(try CheckpointArgument("mine=random:vit-tiny/4@32").source == "random:vit-tiny/4@32")
    #expect(try CheckpointArgument(file).name == nil)
    #expect(try CheckpointArgument("dir/x=1/model.pth").name == nil)
    #expect(try CheckpointArgument("é=x").name == "e\u{301}".precomposedStringWithCanonicalMapping)
  }

  @Test(arguments: [
    "..=x", ".=x", "=x", " =x", "a\u{0}b=x", "a\nb=x", "a\u{202E}b=x", "a=",
    String(repeating: "a", count: 256) + "=x", ".cache=x",
  ])
  func whatIsNoNameIsRefused(text: String) {
    #expect(throws: InputError.self) { try CheckpointArgument(text) }
  }

  @Test func twoOfOneNameAreRefused() {
    #expect(throws: InputError.self) { try names(["a=x", "a=y"]) }
    #expect(throws: InputError.self) { try names(["a=x", "A=y"]) }
  }
}
