/// The files beside this one that every page holds; they are part of the program.
extension PackageResources {
  /// The style sheet: light and dark, narrow and wide, screen and paper.
  static let style = String(decoding: page_css, as: UTF8.self)

  /// The script: sorts tables, and shows the differences between two chosen checkpoints.
  ///
  /// Texts are set as text, never as markup. Without it the page is whole but for the choice.
  static let script = String(decoding: page_js, as: UTF8.self)
}
