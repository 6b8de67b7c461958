import Evaluation
import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Vision

@Suite("Exported features")
struct FeatureExportTests {
  private let pool = WorkerPool(threads: 2)

  /// Writes an array as numpy.save does.
  private func save(_ tensor: Tensor, to path: String, type: String = "<f4") throws {
    let extents = tensor.shape.map(String.init).joined(separator: ", ")
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }"
    text += String(repeating: " ", count: 127 - 10 - text.utf8.count) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0])
    data.append(Data(text.utf8))
    data.append(Data(bytes: tensor.data, count: tensor.count * 4))
    try data.write(to: URL(fileURLWithPath: path))
  }

  @Test("Tensors that are the preprocessed images give the features of the images")
  func agree() throws {
    let folder = TemporaryFolder()
    let subject = try smallSubject()
    let split = SyntheticSplit(count: 40)
    let images = Tensor([40, 3, 16, 16])
    for index in 0..<40 {
      subject.preprocessing.render(split.image(at: index), into: images.data + index * 768)
    }
    try save(images, to: folder.file("images.npy"))
    for request in [FeatureRequest(.classToken), .init(.tokens), .init(.mean, layer: 3)] {
      let export = try FeatureExport(subject, request, pool: pool, precision: .fp32)
      try export.write(split, to: folder.file("a.npy"))
      try export.write(NumPyFloats(folder.file("images.npy")), to: folder.file("b.npy"))
      let a = try Data(contentsOf: URL(fileURLWithPath: folder.file("a.npy")))
      #expect(a == (try Data(contentsOf: URL(fileURLWithPath: folder.file("b.npy")))))
      let written = try NumPyFloats(folder.file("a.npy"))
      #expect(written.shape == (request.kind == .tokens ? [40, 5, 192] : [40, 192]))
    }
  }

  @Test("Arrays of another size, type or length are refused")
  func refusals() throws {
    let folder = TemporaryFolder()
    let path = folder.file("x.npy")
    let export = try FeatureExport(
      smallSubject(), FeatureRequest(.mean), pool: pool, precision: .fp32)
    try save(Tensor([2, 3, 8, 8]), to: path)
    #expect(throws: InputError.self) {
      try export.write(NumPyFloats(path), to: folder.file("out.npy"))
    }
    try save(Tensor([2, 3]), to: path, type: "<f8")
    #expect(throws: InputError.self) { try NumPyFloats(path) }
    try save(Tensor([2, 3]), to: path)
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    for wrong in [data.dropLast(4), data + Data([0]), data.prefix(9), Data()] {
      try Data(wrong).write(to: URL(fileURLWithPath: path))
      #expect(throws: InputError.self) { try NumPyFloats(path) }
    }
  }
}
