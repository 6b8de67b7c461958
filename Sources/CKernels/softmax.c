#include "softmax.h"

#include <math.h>

#include "vector.h"

UK_INLINE void forward(const float *in, float scale, const float *bias, size_t bias_rows,
                       void *out, uk_type type, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const float *x = in + r * n;
    const float *b = bias ? bias + (r % bias_rows) * n : 0;
    float peaks[UK_LANES];
    for (int l = 0; l < UK_LANES; l++) peaks[l] = -INFINITY;
    size_t i = 0;
    if (b) {
      for (i = 0; i < n; i++) {
        float score = uk_fma(x[i], scale, b[i]);
        peaks[0] = score > peaks[0] ? score : peaks[0];
      }
    } else {
      for (; i + UK_LANES <= n; i += UK_LANES)
        for (int l = 0; l < UK_LANES; l++) {
          float score = x[i + l] * scale;
          peaks[l] = score > peaks[l] ? score : peaks[l];
        }
      for (; i < n; i++) {
        float score = x[i] * scale;
        peaks[0] = score > peaks[0] ? score : peaks[0];
      }
    }
    float peak = peaks[0];
    for (int l = 1; l < UK_LANES; l++) peak = peaks[l] > peak ? peaks[l] : peak;
    if (peak == -INFINITY) {
      // All hidden: zeros. A NaN compares as not greater, and must not be lost here.
      for (i = 0; i < n; i++) {
        float score = b ? uk_fma(x[i], scale, b[i]) : x[i] * scale;
        uk_store(out, r * n + i, type, score != score ? score : 0);
      }
      continue;
    }
    float sums[UK_LANES] = {0};
    // The exponentials pass through a small buffer, since `out` may be narrower than float.
    float total;
    if (type == uk_float32) {
      float *y = (float *)out + r * n;
      for (i = 0; i < n; i++) y[i] = uk_exp((b ? uk_fma(x[i], scale, b[i]) : x[i] * scale) - peak);
      for (i = 0; i + UK_LANES <= n; i += UK_LANES)
        for (int l = 0; l < UK_LANES; l++) sums[l] += y[i + l];
      for (; i < n; i++) sums[i % UK_LANES] += y[i];
      total = 1.0f / uk_fold(sums);
      for (i = 0; i < n; i++) y[i] *= total;
    } else {
      for (i = 0; i + UK_LANES <= n; i += UK_LANES)
        for (int l = 0; l < UK_LANES; l++)
          sums[l] += uk_exp((b ? uk_fma(x[i + l], scale, b[i + l]) : x[i + l] * scale) - peak);
      for (; i < n; i++)
        sums[i % UK_LANES] += uk_exp((b ? uk_fma(x[i], scale, b[i]) : x[i] * scale) - peak);
      total = 1.0f / uk_fold(sums);
      for (i = 0; i < n; i++)
        uk_store(out, r * n + i, type,
                 uk_exp((b ? uk_fma(x[i], scale, b[i]) : x[i] * scale) - peak) * total);
    }
  }
}

UK_DISPATCH
void uk_softmax(const float *in, float scale, const float *bias, size_t bias_rows, void *out,
                uk_type out_type, size_t rows, size_t columns) {
  if (!bias && out_type == uk_float32)
    forward(in, scale, 0, 0, out, uk_float32, rows, columns);
  else if (!bias)
    forward(in, scale, 0, 0, out, uk_bfloat16, rows, columns);
  else
    forward(in, scale, bias, bias_rows, out, out_type, rows, columns);
}

UK_INLINE void backward(const void *p, uk_type type, const float *dP, float scale, void *dIn,
                        size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    float lanes[UK_LANES] = {0};
    size_t start = r * n, i = 0;
    for (; i + UK_LANES <= n; i += UK_LANES)
      for (int l = 0; l < UK_LANES; l++)
        lanes[l] = uk_fma(dP[start + i + l], uk_load(p, start + i + l, type), lanes[l]);
    for (; i < n; i++)
      lanes[i % UK_LANES] = uk_fma(dP[start + i], uk_load(p, start + i, type), lanes[i % UK_LANES]);
    float mean = uk_fold(lanes);
    for (i = 0; i < n; i++)
      uk_store(dIn, start + i, type,
               scale * uk_load(p, start + i, type) * (dP[start + i] - mean));
  }
}

UK_DISPATCH
void uk_softmax_backward(const void *probabilities, uk_type type, const float *dProbabilities,
                         float scale, void *dIn, size_t rows, size_t columns) {
  if (type == uk_float32)
    backward(probabilities, uk_float32, dProbabilities, scale, dIn, rows, columns);
  else
    backward(probabilities, uk_bfloat16, dProbabilities, scale, dIn, rows, columns);
}

// Columns that are handled together, so that their sums stay in registers.
#define GROUP 16

UK_INLINE void softmax_group(float *values, size_t rows, size_t columns, size_t width) {
  float peak[GROUP], total[GROUP];
  for (size_t c = 0; c < width; c++) {
    peak[c] = values[c];
    total[c] = 0;
  }
  for (size_t r = 1; r < rows; r++)
    for (size_t c = 0; c < width; c++) {
      float value = values[r * columns + c];
      peak[c] = value > peak[c] ? value : peak[c];
    }
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++) {
      float value = uk_exp(values[r * columns + c] - peak[c]);
      values[r * columns + c] = value;
      total[c] += value;
    }
  for (size_t c = 0; c < width; c++) total[c] = 1.0f / total[c];
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++) values[r * columns + c] *= total[c];
}

UK_DISPATCH
void uk_column_softmax(float *values, size_t rows, size_t columns) {
  if (rows == 0) return;
  size_t c = 0;
  for (; c + GROUP <= columns; c += GROUP) softmax_group(values + c, rows, columns, GROUP);
  if (c < columns) softmax_group(values + c, rows, columns, columns - c);
}

UK_INLINE void softmax_backward_group(const float *p, float *d, size_t rows, size_t columns,
                                      size_t width) {
  float sums[GROUP] = {0};
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++)
      sums[c] = uk_fma(p[r * columns + c], d[r * columns + c], sums[c]);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++)
      d[r * columns + c] = p[r * columns + c] * (d[r * columns + c] - sums[c]);
}

UK_DISPATCH
void uk_column_softmax_backward(const float *p, float *d, size_t rows, size_t columns) {
  size_t c = 0;
  for (; c + GROUP <= columns; c += GROUP)
    softmax_backward_group(p + c, d + c, rows, columns, GROUP);
  if (c < columns) softmax_backward_group(p + c, d + c, rows, columns, columns - c);
}
