#ifndef UK_SOFTMAX_H
#define UK_SOFTMAX_H

#include "types.h"

// out[r, :] = softmax(scale · in[r, :] + bias[r mod bias_rows, :]); bias may be NULL (bias_rows 0).
// `in` and `out` may be the same array when both are float32.
// A row whose scores are all -inf yields zeros.
void uk_softmax(const float *in, float scale, const float *bias, size_t bias_rows, void *out,
                uk_type out_type, size_t rows, size_t columns);

// dIn[r, :] = scale · p · (dP - Σ dP · p), the gradient of the scores before scaling.
void uk_softmax_backward(const void *probabilities, uk_type type, const float *dProbabilities,
                         float scale, void *dIn, size_t rows, size_t columns);

// Softmax down each column, in place: values[r, c] becomes exp(values[r, c]) / Σ_r.
void uk_column_softmax(float *values, size_t rows, size_t columns);

// d[r, c] becomes p[r, c] · (d[r, c] - Σ_r p · d): the gradient of the values before the softmax.
void uk_column_softmax_backward(const float *p, float *d, size_t rows, size_t columns);

#endif
