import Support

/// The order of classes that are named by folders, which gives them their labels.
package enum ClassOrder: String, Sendable, CaseIterable {
  /// By the characters' code points, as torchvision sorts them.
  case text
  /// By the numbers that all names are, so that 2 comes before 10.
  case numbers

  /// The order that names have by themselves: that of numbers where all are whole numbers.
  init(of names: [String]) {
    let areNumbers = !names.isEmpty && names.allSatisfy { $0.utf8.allSatisfy(isDigit) }
    self = areNumbers ? .numbers : .text
  }

  /// The names in this order.
  func sorted(_ names: [String]) -> [String] {
    let byText = names.sorted {
      FileNameText.bytes(of: $0).lexicographicallyPrecedes(FileNameText.bytes(of: $1))
    }
    guard self == .numbers else { return byText }
    // Stable: of 7 and 07, the first by text comes first. Numbers of any length are compared.
    let numbers = byText.map { Array($0.utf8.drop { $0 == UInt8(ascii: "0") }) }
    return byText.indices.sorted { left, right in
      let (a, b) = (numbers[left], numbers[right])
      if a.count != b.count { return a.count < b.count }
      return a == b ? left < right : a.lexicographicallyPrecedes(b)
    }.map { byText[$0] }
  }

  /// What is said of the order on a run; nil where there is nothing to choose.
  var line: String? {
    switch self {
    case .text: nil
    case .numbers:
      "classes are in the order of their numbers; ?order=text is that of torchvision (0, 1, 10, 100, …)"
    }
  }
}

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
