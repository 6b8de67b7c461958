import Foundation
import Support

/// An image of a data set cannot be read: whatever was to be measured on that data cannot be.
package struct UnusableImage: Error, LocalizedError {
  /// Which file, what is wrong with it and what to do.
  package let problem: InputError

  package var errorDescription: String? { problem.errorDescription }
}
