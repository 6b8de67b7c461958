import Support

extension SegmentationCounts {
  /// Counts the pixels of a picture whose label and prediction maps are of one size.
  ///
  /// - Parameters:
  ///   - labels: the class of each pixel.
  ///   - predictions: the class that each was given; where the label is ignored, any number.
  ///   - classes: how many classes there are, at most 256.
  ///   - ignored: the label of pixels that do not count.
  ///   - subjects: what the maps are, for messages.
  /// - Throws: `InputError` for a number that is no class.
  package init(
    labels: [UInt8], predictions: [UInt8], classes: Int, ignored: UInt8?,
    subjects: (labels: String, predictions: String)
  ) throws {
    precondition(labels.count == predictions.count, "maps of different sizes")
    var table = [Int32](repeating: 0, count: 3 * 256)
    unsafe table.withUnsafeMutableBufferPointer { table in
      for pixel in 0..<labels.count {
        let label = labels[pixel]
        guard label != ignored else { continue }
        let prediction = predictions[pixel]
        unsafe table[Int(label)] += 1
        unsafe table[256 + Int(prediction)] += 1
        if label == prediction { unsafe table[512 + Int(label)] += 1 }
      }
    }
    for (subject, start) in [(subjects.labels, 0), (subjects.predictions, 256)] {
      if let wrong = (classes..<max(classes, 256)).first(where: { table[start + $0] > 0 }) {
        let isLabel = start == 0
        throw InputError(
          subject, "holds the number \(wrong), the classes are 0 to \(classes - 1)",
          isLabel
            ? "give --classes as many as there are, or --ignore \(wrong)"
            : "a prediction must be a class wherever the label counts")
      }
    }
    self.init(
      intersection: Array(table[512..<512 + classes]),
      predicted: Array(table[256..<256 + classes]), labelled: Array(table[0..<classes]))
  }
}
