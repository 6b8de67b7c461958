#ifndef UK_ELEMENTWISE_H
#define UK_ELEMENTWISE_H

#include "types.h"

// out[i] = in[i], converted between the types (nearest even).
void uk_convert(const void *in, uk_type in_type, void *out, uk_type out_type, size_t count);

// sum[i] (+)= in[i]; overwritten unless `accumulate`.
void uk_add(const void *in, uk_type in_type, float *sum, int accumulate, size_t count);

// out[i] = scale · in[i]
void uk_scale(const float *in, float scale, float *out, size_t count);

// out[r, :] = in[r, :] + row[r mod row_count, :]
void uk_add_rows(const float *in, const float *row, size_t row_count, float *out, size_t rows,
                 size_t columns);

// sum[c] += Σ_r in[r, c]
void uk_column_sums(const void *in, uk_type type, float *sum, size_t rows, size_t columns);

// out[r, c] = in[r, c] · gain[c] (+ out[r, c] when `accumulate`)
void uk_scale_columns(const float *in, const float *gain, float *out, int accumulate, size_t rows,
                      size_t columns);

// sum[c] += Σ_r a[r, c] · b[r, c]
void uk_column_products(const float *a, const float *b, float *sum, size_t rows, size_t columns);

// out[i] (+)= a[i] · b[i]
void uk_multiply(const float *a, const float *b, float *out, int accumulate, size_t count);

// Σ in[i], in 16 fixed lanes.
float uk_sum(const float *in, size_t count);

// Σ a[i] · b[i], in 16 fixed lanes.
float uk_dot(const float *a, const float *b, size_t count);

// 1 when every element is finite.
int uk_all_finite(const float *in, size_t count);

#endif
