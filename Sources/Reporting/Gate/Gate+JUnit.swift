import Foundation
import Results
import Support

extension Gate {
  /// The result as a JUnit file: one test case per check.
  ///
  /// - Parameter allowInconclusive: whether an inconclusive check is skipped rather than failed.
  /// - Returns: the XML document.
  package func junit(allowInconclusive: Bool) -> String {
    let cases = checks.map { testCase($0, allowInconclusive) }.joined(separator: "\n")
    let inconclusive = checks.count { $0.verdict == .inconclusive }
    let failed =
      checks.count { $0.verdict == .regression } + (allowInconclusive ? 0 : inconclusive)
    let skipped = allowInconclusive ? inconclusive : 0
    let counts =
      "tests=\"\(checks.count)\" failures=\"\(failed)\" errors=\"0\" skipped=\"\(skipped)\" "
      + "time=\"\(time(gatedSeconds))\""
    return """
      <?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="unmask gate" \(counts)>
      <testsuite name="unmask gate" \(counts) timestamp="\(timestamp(candidate.report.created))">
      \(cases)
      </testsuite>
      </testsuites>

      """
  }

  private func testCase(_ check: GateCheck, _ allowInconclusive: Bool) -> String {
    let name = Escaping.html(check.name)
    let reason = Escaping.html(check.reason)
    let start =
      "<testcase classname=\"unmask.gate.\(check.kind.rawValue)\" name=\"\(name)\" "
      + "time=\"\(time(check.seconds))\""
    switch check.verdict {
    case .pass: return "\(start)><system-out>\(reason)</system-out></testcase>"
    case .inconclusive where allowInconclusive:
      return "\(start)><skipped message=\"inconclusive: \(reason)\"/></testcase>"
    case .regression, .inconclusive:
      let type = check.verdict.rawValue
      return
        "\(start)><failure type=\"\(type)\" message=\"\(reason)\">\(reason)</failure></testcase>"
    }
  }

  /// Seconds as JUnit's readers take them: no exponent, no infinity.
  private func time(_ seconds: Double) -> String {
    String(format: "%.3f", seconds.isFinite ? min(max(0, seconds), 1e9) : 0)
  }

  /// Workflow commands that make the checks visible in GitHub's interface, one a line; the caller
  /// prints them where `GITHUB_ACTIONS` is `true`.
  package func annotations(allowInconclusive: Bool) -> [String] {
    checks.filter { $0.verdict != .pass }.map { check in
      let isError = check.verdict == .regression || !allowInconclusive
      let title = escapedProperty("unmask gate: \(check.verdict.rawValue) of \(check.name)")
      return "::\(isError ? "error" : "warning") title=\(title)::\(escapedData(check.reason))"
    }
  }

  private func escapedData(_ text: String) -> String {
    Escaping.terminal(text).replacing("%", with: "%25")
  }

  private func escapedProperty(_ text: String) -> String {
    escapedData(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
  }

  /// Appends the Markdown summary to the file that `$GITHUB_STEP_SUMMARY` names, if it names one.
  ///
  /// - Parameter environment: the environment's variables.
  /// - Throws: `InputError` if the file cannot be written.
  package func appendStepSummary(_ environment: [String: String]) throws {
    guard let path = environment["GITHUB_STEP_SUMMARY"], !path.isEmpty else { return }
    if let obstacle = FileSystem.obstacle(at: path) { throw obstacle }
    let descriptor = unsafe path.withSystemPath {
      unsafe open($0, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o666)
    }
    guard descriptor >= 0 else {
      throw InputError(path, unsafe "cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    let bytes = Array((markdown + "\n").utf8)
    var written = 0
    while written < bytes.count {
      let count = unsafe bytes[written...].withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else {
        throw InputError(path, unsafe "cannot be written: \(String(cString: strerror(errno)))")
      }
      written += count
    }
  }
}
