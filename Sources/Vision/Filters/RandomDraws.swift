import Support

/// Draws for a whole picture at once: standard normal ones.
func withNormals<Result>(
  _ count: Int, _ random: inout RandomStream, _ body: (UnsafePointer<Float>) -> Result
) -> Result {
  unsafe withDraws(count) {
    unsafe random.fillNormal($0, count)
    return unsafe body($0)
  }
}

/// Draws for a whole picture at once: uniform in [−1, 1).
func withUniforms<Result>(
  _ count: Int, _ random: inout RandomStream, _ body: (UnsafePointer<Float>) -> Result
) -> Result {
  unsafe withDraws(count) {
    unsafe random.fillUniform($0, count, -1, 1)
    return unsafe body($0)
  }
}

/// Draws for a whole picture at once: 64 bits each.
func withBits<Result>(
  _ count: Int, _ random: inout RandomStream, _ body: (UnsafePointer<UInt64>) -> Result
) -> Result {
  unsafe withDraws(count) {
    unsafe random.fillBits($0, count)
    return unsafe body($0)
  }
}

private func withDraws<Draw, Result>(
  _ count: Int, _ body: (UnsafeMutablePointer<Draw>) -> Result
) -> Result {
  let draws = UnsafeMutablePointer<Draw>.allocate(capacity: max(1, count))
  defer { unsafe draws.deallocate() }
  return unsafe body(draws)
}
