import CKernels
import COpenBLAS

/// Makes oneDNN single-threaded on the calling thread; each worker calls it once.
///
/// OpenBLAS is loaded so that it always is.
func useOneThreadPerProduct() {
  uk_use_one_openmp_thread()
}

/// Loads OpenBLAS, which otherwise its first use does.
package func loadOpenBLAS() { ob_load() }
