#define LAPACK_COMPLEX_STRUCTURE
#include <cblas.h>

// LAPACK's Fortran names: Debian's package has the routines, but no C header for them.
void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);
void dsygv_(const int *itype, const char *jobz, const char *uplo, const int *n, double *a,
            const int *lda, double *b, const int *ldb, double *w, double *work, const int *lwork,
            int *info);
