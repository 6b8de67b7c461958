#ifndef UK_HALF_H
#define UK_HALF_H

#include "types.h"

// IEEE 754 binary16, for storage only: 11 significant bits, at most 65504 in magnitude.

// out[i] = in[i], rounded to nearest even; magnitudes above 65504 become 65504. NaN is not kept.
void uk_to_half(const float *in, uint16_t *out, size_t count);

// out[i] = in[i], exactly.
void uk_from_half(const uint16_t *in, float *out, size_t count);

// Rows of halves, each normalised to mean 0 and variance 1:
// out[r, :] = (in[r, :] - mean_r) / sqrt(variance_r + epsilon), biased variance.
void uk_normalized_from_half(const uint16_t *in, float epsilon, float *out, size_t rows,
                             size_t columns);

#endif
