#include "norm.h"

#include <math.h>

#include "vector.h"

UK_INLINE float row_sum(const float *x, size_t n) {
  float lanes[UK_LANES] = {0};
  size_t i = 0;
  for (; i + UK_LANES <= n; i += UK_LANES)
    for (int l = 0; l < UK_LANES; l++) lanes[l] += x[i + l];
  for (; i < n; i++) lanes[i % UK_LANES] += x[i];
  return uk_fold(lanes);
}

UK_INLINE float row_squares(const float *x, float mean, size_t n) {
  float lanes[UK_LANES] = {0};
  size_t i = 0;
  for (; i + UK_LANES <= n; i += UK_LANES)
    for (int l = 0; l < UK_LANES; l++) {
      float d = x[i + l] - mean;
      lanes[l] = uk_fma(d, d, lanes[l]);
    }
  for (; i < n; i++) {
    float d = x[i] - mean;
    lanes[i % UK_LANES] = uk_fma(d, d, lanes[i % UK_LANES]);
  }
  return uk_fold(lanes);
}

UK_INLINE void forward(const float *in, const float *gain, const float *bias, float epsilon,
                       void *out, uk_type type, float *mean, float *inverse, size_t rows,
                       size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const float *x = in + r * n;
    float m = row_sum(x, n) / (float)n;
    float s = 1.0f / sqrtf(row_squares(x, m, n) / (float)n + epsilon);
    mean[r] = m;
    inverse[r] = s;
    for (size_t i = 0; i < n; i++)
      uk_store(out, r * n + i, type, uk_fma((x[i] - m) * s, gain[i], bias[i]));
  }
}

UK_DISPATCH
void uk_layer_norm(const float *in, const float *gain, const float *bias, float epsilon, void *out,
                   uk_type out_type, float *mean, float *inverse_deviation, size_t rows,
                   size_t columns) {
  if (out_type == uk_float32)
    forward(in, gain, bias, epsilon, out, uk_float32, mean, inverse_deviation, rows, columns);
  else
    forward(in, gain, bias, epsilon, out, uk_bfloat16, mean, inverse_deviation, rows, columns);
}

// With g = dOut · gain and x̂ the normalised input: dIn = s · (g - mean(g) - x̂ · mean(g · x̂)).
UK_INLINE void backward(const float *in, const float *gain, const float *mean,
                        const float *inverse, const void *dOut, uk_type type, float *dIn,
                        int accumulate, float *dGain, float *dBias, size_t rows, size_t n) {
  for (size_t r = 0; r < rows; r++) {
    const float *x = in + r * n;
    float *dx = dIn + r * n;
    float m = mean[r], s = inverse[r];
    float plain[UK_LANES] = {0}, along[UK_LANES] = {0};
    size_t i = 0;
    for (; i + UK_LANES <= n; i += UK_LANES)
      for (int l = 0; l < UK_LANES; l++) {
        float g = uk_load(dOut, r * n + i + l, type) * gain[i + l];
        plain[l] += g;
        along[l] = uk_fma(g, (x[i + l] - m) * s, along[l]);
      }
    for (; i < n; i++) {
      float g = uk_load(dOut, r * n + i, type) * gain[i];
      plain[i % UK_LANES] += g;
      along[i % UK_LANES] = uk_fma(g, (x[i] - m) * s, along[i % UK_LANES]);
    }
    float a = uk_fold(plain) / (float)n, b = uk_fold(along) / (float)n;
    for (i = 0; i < n; i++) {
      float d = uk_load(dOut, r * n + i, type);
      float hat = (x[i] - m) * s;
      float change = s * (uk_fma(d, gain[i], -a) - hat * b);
      dx[i] = accumulate ? dx[i] + change : change;
      if (dGain) dGain[i] = uk_fma(d, hat, dGain[i]);
      if (dBias) dBias[i] += d;
    }
  }
}

UK_DISPATCH
void uk_layer_norm_backward(const float *in, const float *gain, const float *mean,
                            const float *inverse_deviation, const void *dOut, uk_type dOut_type,
                            float *dIn, int accumulate, float *dGain, float *dBias, size_t rows,
                            size_t columns) {
#define BACKWARD(TYPE, ACCUMULATE, GAIN, BIAS)                                                \
  backward(in, gain, mean, inverse_deviation, dOut, TYPE, dIn, ACCUMULATE, GAIN, BIAS, rows, \
           columns)
  // The usual cases are compiled apart so that their inner loops have no branches.
  if (dGain && dBias && dOut_type == uk_float32 && accumulate)
    BACKWARD(uk_float32, 1, dGain, dBias);
  else if (dGain && dBias && dOut_type == uk_bfloat16 && accumulate)
    BACKWARD(uk_bfloat16, 1, dGain, dBias);
  else
    BACKWARD(dOut_type, accumulate, dGain, dBias);
}

UK_DISPATCH
void uk_fold_norm(const float *weights, const float *bias, const float *gain, const float *shift,
                  float *out, float *out_bias, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const float *w = weights + r * columns;
    float lanes[UK_LANES] = {0};
    size_t c = 0;
    for (; c + UK_LANES <= columns; c += UK_LANES)
      for (int l = 0; l < UK_LANES; l++) lanes[l] = uk_fma(w[c + l], shift[c + l], lanes[l]);
    for (; c < columns; c++) lanes[c % UK_LANES] = uk_fma(w[c], shift[c], lanes[c % UK_LANES]);
    for (c = 0; c < columns; c++) out[r * columns + c] = w[c] * gain[c];
    out_bias[r] = (bias ? bias[r] : 0) + uk_fold(lanes);
  }
}

UK_DISPATCH
void uk_fold_norm_backward(const float *weights, const float *gain, const float *shift,
                           const float *dOut, const float *dBias, float *dWeights, float *dGain,
                           float *dShift, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    const float *w = weights + r * columns, *d = dOut + r * columns;
    float bias = dBias[r];
    if (dWeights)
      for (size_t c = 0; c < columns; c++)
        dWeights[r * columns + c] += uk_fma(d[c], gain[c], bias * shift[c]);
    if (dGain)
      for (size_t c = 0; c < columns; c++) dGain[c] = uk_fma(d[c], w[c], dGain[c]);
    if (dShift)
      for (size_t c = 0; c < columns; c++) dShift[c] = uk_fma(bias, w[c], dShift[c]);
  }
}
