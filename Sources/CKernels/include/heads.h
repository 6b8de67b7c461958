#ifndef UK_HEADS_H
#define UK_HEADS_H

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

#endif
