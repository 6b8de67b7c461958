#include "elementwise.h"

#include "vector.h"

UK_DISPATCH
void uk_convert(const void *in, uk_type in_type, void *out, uk_type out_type, size_t count) {
  if (in_type == uk_float32 && out_type == uk_bfloat16)
    for (size_t i = 0; i < count; i++) uk_store(out, i, uk_bfloat16, uk_load(in, i, uk_float32));
  else if (in_type == uk_bfloat16 && out_type == uk_float32)
    for (size_t i = 0; i < count; i++) uk_store(out, i, uk_float32, uk_load(in, i, uk_bfloat16));
  else
    memcpy(out, in, count * (in_type == uk_float32 ? 4 : 2));
}

UK_INLINE void add(const void *in, uk_type type, float *sum, int accumulate, size_t count) {
  for (size_t i = 0; i < count; i++)
    sum[i] = accumulate ? sum[i] + uk_load(in, i, type) : uk_load(in, i, type);
}

UK_DISPATCH
void uk_add(const void *in, uk_type in_type, float *sum, int accumulate, size_t count) {
  if (!accumulate)
    uk_convert(in, in_type, sum, uk_float32, count);
  else if (in_type == uk_float32)
    add(in, uk_float32, sum, 1, count);
  else
    add(in, uk_bfloat16, sum, 1, count);
}

UK_DISPATCH
void uk_scale(const float *in, float scale, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = in[i] * scale;
}

UK_DISPATCH
void uk_add_rows(const float *in, const float *row, size_t row_count, float *out, size_t rows,
                 size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const float *add = row + (r % row_count) * columns;
    for (size_t c = 0; c < columns; c++) out[r * columns + c] = in[r * columns + c] + add[c];
  }
}

UK_DISPATCH
void uk_column_sums(const void *in, uk_type type, float *sum, size_t rows, size_t columns) {
  if (type == uk_float32) {
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < columns; c++) sum[c] += uk_load(in, r * columns + c, uk_float32);
  } else {
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < columns; c++) sum[c] += uk_load(in, r * columns + c, uk_bfloat16);
  }
}

UK_DISPATCH
void uk_scale_columns(const float *in, const float *gain, float *out, int accumulate, size_t rows,
                      size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) {
      size_t i = r * columns + c;
      out[i] = accumulate ? uk_fma(in[i], gain[c], out[i]) : in[i] * gain[c];
    }
}

UK_DISPATCH
void uk_column_products(const float *a, const float *b, float *sum, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      sum[c] = uk_fma(a[r * columns + c], b[r * columns + c], sum[c]);
}

UK_DISPATCH
void uk_multiply(const float *a, const float *b, float *out, int accumulate, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = accumulate ? uk_fma(a[i], b[i], out[i]) : a[i] * b[i];
}

UK_DISPATCH
float uk_sum(const float *in, size_t count) {
  float lanes[UK_LANES] = {0};
  size_t i = 0;
  for (; i + UK_LANES <= count; i += UK_LANES)
    for (int l = 0; l < UK_LANES; l++) lanes[l] += in[i + l];
  for (; i < count; i++) lanes[i % UK_LANES] += in[i];
  return uk_fold(lanes);
}

UK_DISPATCH
float uk_dot(const float *a, const float *b, size_t count) {
  float lanes[UK_LANES] = {0};
  size_t i = 0;
  for (; i + UK_LANES <= count; i += UK_LANES)
    for (int l = 0; l < UK_LANES; l++) lanes[l] = uk_fma(a[i + l], b[i + l], lanes[l]);
  for (; i < count; i++) lanes[i % UK_LANES] = uk_fma(a[i], b[i], lanes[i % UK_LANES]);
  return uk_fold(lanes);
}

UK_DISPATCH
int uk_all_finite(const float *in, size_t count) {
  uint32_t bad = 0;
  for (size_t i = 0; i < count; i++) bad |= (uk_bits(in[i]) & 0x7f800000u) == 0x7f800000u;
  return bad == 0;
}
