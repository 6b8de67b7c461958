#ifndef UK_BATCH_NORM_H
#define UK_BATCH_NORM_H

#include "types.h"

// Mean and biased variance of each column; sums in blocks of rows, then in double.
void uk_column_moments(const void *in, uk_type type, float *mean, float *variance, size_t rows,
                       size_t columns);

// The same of rows that lie apart: row r is rows[indices[r], :], or rows[r, :] when `indices` is NULL.
// One pass, about the first row, so that sums of squares do not cancel.
void uk_gathered_moments(const float *rows, const int32_t *indices, size_t count, float *mean,
                         float *variance, size_t columns);

// out[r, c] = (row r [c] - mean[c]) · scale[c] of such rows.
void uk_gathered_standardise(const float *rows, const int32_t *indices, size_t count,
                             const float *mean, const float *scale, float *out, size_t columns);

// out[r, c] = in[r, c] · scale[c] + shift[c] (+ residual[r, c]), at least 0 when `rectify`.
// residual may be NULL; it and `out` are of `out_type`.
void uk_scale_shift(const void *in, uk_type in_type, const float *scale, const float *shift,
                    const void *residual, int rectify, void *out, uk_type out_type, size_t rows,
                    size_t columns);

// plain[c] = Σ_r dOut[r, c] and along[c] = Σ_r dOut[r, c] · (in[r, c] - mean[c]).
void uk_batch_norm_sums(const void *dOut, uk_type dOut_type, const void *in, uk_type in_type,
                        const float *mean, float *plain, float *along, size_t rows,
                        size_t columns);

// dIn[r, c] (+)= factor[c] · dOut[r, c] - slope[c] · (in[r, c] - mean[c]) - offset[c]
void uk_batch_norm_backward(const void *dOut, uk_type dOut_type, const void *in, uk_type in_type,
                            const float *mean, const float *factor, const float *slope,
                            const float *offset, void *dIn, int accumulate, size_t rows,
                            size_t columns);

#endif
