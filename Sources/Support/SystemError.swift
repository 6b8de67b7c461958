import Foundation

extension InputError {
  /// One line for a failed system call on `path`.
  /// - Parameters:
  ///   - path: The file or folder.
  ///   - action: What failed: "cannot be read".
  ///   - code: The value of `errno`.
  ///   - endsRun: Whether it is the place that results go to.
  package init(_ path: String, _ action: String, errno code: Int32, endsRun: Bool = false) {
    let (reason, remedy): (String, String) =
      switch code {
      case ENOENT: ("no such file or folder", "check the path")
      case EACCES, EPERM: ("permission denied", "change its permissions or choose another place")
      case ENOSPC, EDQUOT: ("the disk is full", "free some space and run again")
      case EROFS: ("the file system is read-only", "choose another place")
      case EISDIR: ("it is a folder", "")
      case ENOTDIR: ("a part of the path is a file, not a folder", "check the path")
      default: unsafe (String(cString: strerror(code)), "")
      }
    self.init(path, "\(action): \(reason)", remedy)
    if endsRun { self = endingRun() }
  }
}
