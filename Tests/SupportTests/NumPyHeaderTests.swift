import Foundation
import Testing

@testable import Support

/// Headers of `.npy` files, beside those of NumPy 2.
struct NumPyHeaderTests {
  /// What `numpy.save` writes before the elements, without the blanks at the end.
  @Test(arguments: [
    ("'<f4'", [2, 3, 4], "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }"),
    ("'<f4'", [7], "{'descr': '<f4', 'fortran_order': False, 'shape': (7,), }"),
    ("'<f4'", [], "{'descr': '<f4', 'fortran_order': False, 'shape': (), }"),
    (
      "[('id', '|S6'), ('box', '<f4', (4,))]", [5],
      "{'descr': [('id', '|S6'), ('box', '<f4', (4,))], 'fortran_order': False, 'shape': (5,), }"
    ),
  ])
  func writesWhatNumPyWrites(_ descriptor: String, _ shape: [Int], _ text: String) throws {
    let data = NumPyHeader.data(descriptor: descriptor, shape: shape)
    #expect(data.count % 64 == 0 && data.last == UInt8(ascii: "\n"))
    #expect([UInt8](data.prefix(8)) == NumPyHeader.signature + [1, 0])
    #expect(Int(data[8]) + 256 * Int(data[9]) == data.count - 10)
    let written = String(decoding: data[10...], as: UTF8.self)
    #expect(written.trimmingCharacters(in: .whitespacesAndNewlines) == text)
    let header = try data.withUnsafeBytes { try NumPyHeader($0, subject: "a.npy") }
    #expect(header.shape == shape && header.start == data.count && !header.isColumnMajor)
    #expect((header.type == nil) == descriptor.hasPrefix("["))
  }

  private func header(of descriptor: String) throws -> NumPyHeader {
    try NumPyHeader.data(descriptor: descriptor, shape: [3]).withUnsafeBytes {
      try NumPyHeader($0, subject: "a.npy")
    }
  }

  @Test func readsStructures() throws {
    let fields = try header(of: "[('a', '<i8'), (\"b\", '|S3'), ('c', '>f4', (2, 3)),]").fields
    #expect(
      fields == [
        NumPyField("a", "<i8"), NumPyField("b", "|S3"), NumPyField("c", ">f4", shape: [2, 3]),
      ])
    #expect(fields?.last?.literal == "('c', '>f4', (2, 3))")
    // NumPy nests them; such a file is known for what it is, and holds no numbers of ours.
    let nested = try header(of: "[('a', [('x', '<f4'), ('y', '<f4')])]")
    #expect(nested.fields == nil && nested.type == nil && nested.code == "structure")
    #expect(throws: InputError.self) { try header(of: "[('a', '<i8')") }
    #expect(try header(of: "'|O'").type == nil)
  }
}
