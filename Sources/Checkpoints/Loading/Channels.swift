import Support
import Vision

/// Networks that read other than three channels.
enum Channels {
  /// What to do about a network of many channels.
  static let advice = "pictures have red, green and blue; networks of 1 or 3 channels can be read"

  /// Refuses networks whose channels a picture does not have.
  /// - Throws: `InputError` unless it reads one channel or three.
  static func check(_ channels: Int, _ subject: String) throws {
    guard channels == 1 || channels == 3 else {
      throw InputError(subject, "its first layer reads \(channels) channels", advice)
    }
  }

  /// What is noted about a network of one channel.
  static func note(_ statistics: PixelStatistics) -> String {
    "one channel: sees the luminance L = 0.299 R + 0.587 G + 0.114 B (Pillow's), less "
      + "\(statistics.mean[0]), over \(statistics.deviation[0])"
  }
}

extension PixelStatistics {
  /// The same for the luminance: its weights of red, green and blue applied to means and deviations; three equal
  /// values stay what they are.
  var ofLuminance: PixelStatistics {
    func grey(_ values: [Float]) -> [Float] {
      guard Set(values).count > 1 else { return values }
      let value = 0.299 * values[0] + 0.587 * values[1] + 0.114 * values[2]
      return [value, value, value]
    }
    return PixelStatistics(mean: grey(mean), deviation: grey(deviation))
  }
}

extension Preprocessing {
  /// The same transform for a network that reads so many channels.
  func with(channels: Int) -> Preprocessing {
    guard channels == 1 else { return self }
    var grey = self
    grey.statistics = statistics.ofLuminance
    return grey
  }
}
