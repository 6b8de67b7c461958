#include "openblas.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "csystem.h"

// CBLAS's numbers for row-major order, plain and transposed matrices, and the lower triangle.
enum { row_major = 101, plain = 111, transposed = 112, lower = 122 };

static struct {
  void (*sgemm)(int, int, int, int, int, int, float, const float *, int, const float *, int, float,
                float *, int);
  void (*dgemm)(int, int, int, int, int, int, double, const double *, int, const double *, int,
                double, double *, int);
  void (*dsyrk)(int, int, int, int, int, double, const double *, int, double, double *, int);
  void (*dsyev)(const char *, const char *, const int *, double *, const int *, double *, double *,
                const int *, int *);
  void (*dsygv)(const int *, const char *, const char *, const int *, double *, const int *,
                double *, const int *, double *, double *, const int *, int *);
} blas;

static pthread_once_t once = PTHREAD_ONCE_INIT;

// Why it could not be loaded; empty where it was.
static char problem[512];

static void *find(void *library, const char *name) {
  void *symbol = library ? dlsym(library, name) : NULL;
  if (!symbol && !problem[0])
    snprintf(problem, sizeof problem,
             "OpenBLAS cannot be loaded: %s; install the package libopenblas0", dlerror());
  return symbol;
}

// OpenBLAS asks for its buffers again for ever when there is no memory for them.
static void require_buffers(void) {
  size_t bytes = (size_t)160 << 20;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) cs_out_of_memory(bytes);
  munmap(memory, bytes);
}

static void load(void) {
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_GLOBAL);
  blas.sgemm = find(library, "cblas_sgemm");
  blas.dgemm = find(library, "cblas_dgemm");
  blas.dsyrk = find(library, "cblas_dsyrk");
  blas.dsyev = find(library, "dsyev_");
  blas.dsygv = find(library, "dsygv_");
}

// Each thread that computes gets a buffer of its own at its first product.
static void prepare(void) {
  static _Thread_local int is_prepared;
  if (is_prepared) return;
  ob_load();
  if (problem[0]) cs_fail(problem);
  require_buffers();
  is_prepared = 1;
}

void ob_load(void) { pthread_once(&once, load); }

static int order(int transposes) { return transposes ? transposed : plain; }

void ob_sgemm(int transposes_a, int transposes_b, int rows, int columns, int inner, float alpha,
              const float *a, int a_stride, const float *b, int b_stride, float beta, float *c,
              int c_stride) {
  prepare();
  blas.sgemm(row_major, order(transposes_a), order(transposes_b), rows, columns, inner, alpha, a,
             a_stride, b, b_stride, beta, c, c_stride);
}

void ob_dgemm(int transposes_a, int transposes_b, int rows, int columns, int inner, double alpha,
              const double *a, int a_stride, const double *b, int b_stride, double beta, double *c,
              int c_stride) {
  prepare();
  blas.dgemm(row_major, order(transposes_a), order(transposes_b), rows, columns, inner, alpha, a,
             a_stride, b, b_stride, beta, c, c_stride);
}

void ob_dsyrk(int size, int inner, double alpha, const double *a, int a_stride, double beta,
              double *c, int c_stride) {
  prepare();
  blas.dsyrk(row_major, lower, transposed, size, inner, alpha, a, a_stride, beta, c, c_stride);
}

void ob_dsyev(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
              double *w, double *work, const int *lwork, int *info) {
  prepare();
  blas.dsyev(jobz, uplo, n, a, lda, w, work, lwork, info);
}

void ob_dsygv(const int *itype, const char *jobz, const char *uplo, const int *n, double *a,
              const int *lda, double *b, const int *ldb, double *w, double *work,
              const int *lwork, int *info) {
  prepare();
  blas.dsygv(itype, jobz, uplo, n, a, lda, b, ldb, w, work, lwork, info);
}
