import CKernels
import COpenBLAS

/// Makes oneDNN and OpenBLAS single-threaded on the calling thread; each worker calls it once.
func useOneThreadPerProduct() {
  uk_use_one_openmp_thread()
  openblas_set_num_threads(1)
}
