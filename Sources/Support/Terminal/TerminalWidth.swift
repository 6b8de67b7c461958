import Foundation

/// Columns of the terminal behind `descriptor`; nil if it is none or has no sensible width.
func terminalWidth(of descriptor: Int32) -> Int? {
  var size = winsize()
  guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return nil }
  return Int(size.ws_col)
}
