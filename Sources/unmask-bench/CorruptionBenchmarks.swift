import Support
import Vision

/// The fifteen corruptions at five severities of pictures in memory, on all cores; also each kind by itself.
func measureCorruptions(_ options: Options) throws -> JSON {
  let (count, side) = (options.integer("images", 20), options.integer("side", 224))
  let pool = WorkerPool(threads: options.integer("threads", availableProcessors))
  let pictures = (0..<count).map { corruptionPicture($0, side: side) }
  let kinds = allCorruptions.filter { !$0.isExtra }.map { $0.kind }
  var parts: [String: [Double]] = [:]
  var sum = 0.0
  let seconds = try repeated(options.integer("repetitions", 1)) {
    sum = 0
    for kind in kinds {
      let settings = try CorruptionSetting.severities.map {
        try CorruptionSetting(kind: kind, severity: $0, generator: .imageNet)
      }
      let took = try repeated(1, warmUps: 0) {
        let means = try pool.map(count * settings.count) { job in
          let spoilt = try settings[job / count].apply(
            to: pictures[job % count], id: "\(job % count)")
          return Double(spoilt.pixels[0])
        }
        sum += means.reduce(0, +)
      }
      parts[kind, default: []] += took
    }
  }
  let all = count * kinds.count * CorruptionSetting.severities.count
  var object =
    result("corruptions", seconds: seconds, images: all, check: sum / Double(all)).object ?? [:]
  object["parts"] = .object(parts.mapValues { .number(median($0)) })
  return .object(object)
}

/// Ramps, edges and texture: the same picture as the rival's.
private func corruptionPicture(_ index: Int, side: Int) -> Image {
  Image(width: side, height: side) { target in
    for y in 0..<side {
      for x in 0..<side {
        for channel in 0..<3 {
          let ramp = x + y * (channel + 1) / 2 + 60 * ((x / 32 + y / 24) % 3)
          let texture = (31 * x * x + 17 * y * y + 7 * x * y * channel) % 23
          target[3 * (y * side + x) + channel] = UInt8((ramp + texture + 7 * index) % 256)
        }
      }
    }
  }
}
