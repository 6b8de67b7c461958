import Support

extension RunLengthMask {
  /// The runs as COCO's compressed string.
  ///
  /// Each run from the fourth on is written as the difference to the run before the last one, in groups of five bits from the
  /// lowest on, with a sixth bit that says whether more follow, as characters from `0` on. The highest bit written is the sign.
  package var text: String {
    var characters: [UInt8] = []
    for (index, run) in counts.enumerated() {
      var rest = Int(run) - (index > 2 ? Int(counts[index - 2]) : 0)
      var isMore = true
      while isMore {
        let group = UInt8(rest & 0x1f)
        rest >>= 5
        isMore = rest != (group & 0x10 == 0 ? 0 : -1)
        characters.append(48 + (group | (isMore ? 0x20 : 0)))
      }
    }
    return String(decoding: characters, as: UTF8.self)
  }

  /// Decodes COCO's compressed string.
  ///
  /// - Parameters:
  ///   - text: the string.
  ///   - height: rows of the mask.
  ///   - width: columns.
  ///   - subject: whose mask it is, for messages.
  /// - Throws: `InputError` for a string that is none, or whose runs do not add up to the mask.
  package init(text: String, height: Int, width: Int, of subject: String) throws {
    var counts: [UInt32] = []
    let size = MaskSize(height: height, width: width)
    try unsafe Array(text.utf8).withUnsafeBufferPointer {
      try unsafe decodeRuns(JSONText(bytes: $0, hasEscapes: false), size, into: &counts) {
        problem in
        InputError(subject, problem)
      }
    }
    self.init(height: height, width: width, counts: counts)
  }
}

/// The rows and columns of a mask.
struct MaskSize: Equatable {
  let height: Int
  let width: Int

  var pixels: Int { height * width }
}

/// Decodes a compressed string of runs.
///
/// - Parameters:
///   - text: the string as JSON text has it.
///   - size: of the mask, at most `RunLengthMask.mostPixels`.
///   - runs: overwritten.
///   - failure: makes the error of a problem.
/// - Throws: what `failure` makes.
func decodeRuns(
  _ text: JSONText, _ size: MaskSize, into runs: inout [UInt32],
  failure: (String) -> InputError
) throws {
  runs.removeAll(keepingCapacity: true)
  var sum = 0
  var (index, end) = unsafe (0, text.bytes.count)
  while index < end {
    var (value, shift, group) = (0, 0, UInt8(0x20))
    while group & 0x20 != 0 {
      guard index < end, shift < 60 else {
        throw failure("the string of its mask ends within a number")
      }
      var character = unsafe text.bytes[index]
      index += 1
      if character == UInt8(ascii: "\\") {
        guard text.hasEscapes else { throw failure("a \\ in the string of its mask") }
        (character, index) = try unsafe unescaped(text.bytes, after: index, failure)
      }
      group = character &- 48
      guard group < 64 else {
        throw failure("the string of its mask has a character that is no part of runs")
      }
      value |= Int(group & 0x1f) << shift
      shift += 5
    }
    if group & 0x10 != 0 { value |= -1 << shift }
    if runs.count > 2 { value &+= Int(runs[runs.count - 2]) }
    guard (0...size.pixels - sum).contains(value) else {
      end = 0
      sum = value < 0 ? -1 : size.pixels + 1
      break
    }
    sum += value
    runs.append(UInt32(truncatingIfNeeded: value))
  }
  try checkSum(sum, size, failure)
}

/// Refuses runs whose sum is not that of the mask's pixels; a negative sum stands for a negative run.
func checkSum(_ sum: Int, _ size: MaskSize, _ failure: (String) -> InputError) throws {
  guard sum != size.pixels else { return }
  guard sum >= 0 else { throw failure("a run of its mask has a negative length") }
  throw failure(
    "the runs of its mask \(sum < size.pixels ? "fall short of" : "exceed") its "
      + "\(size.height)×\(size.width) pixels")
}

/// The character of an escape sequence whose backslash stands before `index`, and where it ends.
private func unescaped(
  _ bytes: UnsafeBufferPointer<UInt8>, after index: Int, _ failure: (String) -> InputError
) throws -> (UInt8, Int) {
  let mark = unsafe bytes[index]
  if mark == UInt8(ascii: "\\") { return (mark, index + 1) }
  let sequence = unsafe UnsafeBufferPointer(
    rebasing: bytes[(index - 1)..<min(bytes.count, index + 5)])
  let text = unsafe JSONText(bytes: sequence, hasEscapes: true).decoded
  guard mark == UInt8(ascii: "u"), let first = text.utf16.first, first < 128 else {
    throw failure("the string of its mask has a character that is no part of runs")
  }
  return (UInt8(first), index + 5)
}
