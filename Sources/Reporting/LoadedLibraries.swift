import Foundation
import Tensors

/// Versions of the C libraries in this process that compute or decode, as they report themselves.
///
/// Looked up by name at run time, so that this layer needs none of their headers; a library that is
/// not there is left out.
func loadedLibraries() -> [String: String] {
  var versions: [String: String] = [:]
  loadOpenBLAS()
  versions["openblas"] = text(from: "openblas_get_config")?.split(separator: " ")
    .first { $0.contains(".") }.map(String.init)
  versions["openblas_core"] = text(from: "openblas_get_corename")
  versions["onednn"] = oneDNNVersion()
  versions["zlib"] = text(from: "zlibVersion")
  versions["json-c"] = text(from: "json_c_version")
  return versions
}

/// Calls a function of the form `const char *name(void)`, if the process has it.
private func text(from name: String) -> String? {
  typealias Function = @convention(c) () -> UnsafePointer<CChar>?
  guard let symbol = unsafe dlsym(nil, name) else { return nil }
  return unsafe unsafeBitCast(symbol, to: Function.self)().map { unsafe String(cString: $0) }
}

/// oneDNN reports a structure that starts with three integers.
private func oneDNNVersion() -> String? {
  typealias Function = @convention(c) () -> UnsafePointer<CInt>?
  guard let symbol = unsafe dlsym(nil, "dnnl_version"),
    let numbers = unsafe unsafeBitCast(symbol, to: Function.self)()
  else { return nil }
  return unsafe "\(numbers[0]).\(numbers[1]).\(numbers[2])"
}
