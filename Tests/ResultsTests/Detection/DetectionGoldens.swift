import Foundation
import Support
import TestSupport

/// What pycocotools computes; made by `Tests/Goldens/detections.py`.
enum DetectionGoldens {
  private static let folder = packageFolder + "/Tests/Goldens/detections/"

  /// Entries of the list `name` of a file, or of a file that is a list.
  static func entries(_ file: String, _ name: String? = nil) throws -> [JSON] {
    let json = try JSON.parse(contentsOf: folder + file + ".json")
    return (name.map { json[$0] } ?? json)?.array ?? []
  }
}
