// The routines of OpenBLAS that we use, of a library that is loaded when the first is called.
#pragma once

// Loads the library, with one thread, if it can be; the routines below end the process with a line
// where it cannot.
//
// Linked to the program, it would start a thread for each core before `main`, which nobody uses and
// which hangs the exit when memory is short.
void ob_load(void);

// Row-major products `c = alpha * op(a) * op(b) + beta * c`; `op` transposes if asked to.
void ob_sgemm(int transposes_a, int transposes_b, int rows, int columns, int inner, float alpha,
              const float *a, int a_stride, const float *b, int b_stride, float beta, float *c,
              int c_stride);
void ob_dgemm(int transposes_a, int transposes_b, int rows, int columns, int inner, double alpha,
              const double *a, int a_stride, const double *b, int b_stride, double beta, double *c,
              int c_stride);

// The lower triangle of row-major `c = alpha * transpose(a) * a + beta * c`.
void ob_dsyrk(int size, int inner, double alpha, const double *a, int a_stride, double beta,
              double *c, int c_stride);

// LAPACK's `dsyev` and `dsygv`, all by reference as in Fortran.
void ob_dsyev(const char *jobz, const char *uplo, const int *n, double *a, const int *lda,
              double *w, double *work, const int *lwork, int *info);
void ob_dsygv(const int *itype, const char *jobz, const char *uplo, const int *n, double *a,
              const int *lda, double *b, const int *ldb, double *w, double *work,
              const int *lwork, int *info);
