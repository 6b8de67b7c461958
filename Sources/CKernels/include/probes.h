#ifndef UK_PROBES_H
#define UK_PROBES_H

#include "types.h"

// out[r, :] = rows[indices[r], :] - shift, and on the way sums[c] += out[r, c] and
// squares[c] += out[r, c]²: what batch normalisation needs to know of a batch.
// `indices` NULL: the rows as they follow each other.
void uk_centred_rows(const float *rows, const int32_t *indices, size_t count, const float *shift,
                     float *restrict out, float *restrict sums, float *restrict squares,
                     size_t columns);

// out[c] = (d[c] - dBias · mean[c]) · scale[c]: the gradient of a weight that reads normalised
// features, from its gradient `d` with respect to the features as they are.
void uk_normalised_gradient(const float *d, float dBias, const float *mean, const float *scale,
                            float *out, size_t columns);

// Softmax down each column, in place: values[r, c] becomes exp(values[r, c]) / Σ_r.
void uk_column_softmax(float *values, size_t rows, size_t columns);

// d[r, c] becomes p[r, c] · (d[r, c] - Σ_r p · d): the gradient of the values before the softmax.
void uk_column_softmax_backward(const float *p, float *d, size_t rows, size_t columns);

// out[r, c] = in[r, c] · gain[c] + bias[c]
void uk_affine_columns(const float *in, const float *gain, const float *bias, float *out,
                       size_t rows, size_t columns);

// mean[c] and biased variance[c] of the column, in two passes with sums in double.
void uk_batch_moments(const float *in, float *mean, float *variance, size_t rows, size_t columns);

// values[r, c] = (values[r, c] - mean[c]) · scale[c]
void uk_standardise_columns(float *values, const float *mean, const float *scale, size_t rows,
                            size_t columns);

// d[r, c] becomes scale[c] · (d[r, c] - share · dSum[c] - y[r, c] · share · dProduct[c]): the
// gradient through the standardisation of a batch of 1 / share rows, where dSum = Σ_r d and
// dProduct = Σ_r d · y over the whole batch.
void uk_standardise_backward(float *d, const float *y, const float *scale, const float *dSum,
                             const float *dProduct, float share, size_t rows, size_t columns);

#endif
