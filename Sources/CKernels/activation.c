#include "activation.h"

#include "vector.h"

UK_INLINE float sigmoid(float x) { return 1.0f / (1.0f + uk_exp(-x)); }

UK_INLINE float tanh_inner(float x) {
  float inner = 0.79788456080f * uk_fma(0.044715f * x * x, x, x);
  return 1.0f - 2.0f / (1.0f + uk_exp(2.0f * inner));
}

UK_INLINE float value(uk_activation f, float x) {
  switch (f) {
    case uk_gelu: return 0.5f * x * (1.0f + uk_erf(x * 0.70710678f));
    case uk_gelu_tanh: return 0.5f * x * (1.0f + tanh_inner(x));
    case uk_quick_gelu: return x * sigmoid(1.702f * x);
    case uk_silu: return x * sigmoid(x);
    default: return x < 0 ? 0 : x;  // NaN stays NaN
  }
}

UK_INLINE float slope(uk_activation f, float x) {
  switch (f) {
    case uk_gelu: {
      // Φ(x) + x·φ(x)
      float density = 0.39894228f * uk_exp(-0.5f * x * x);
      return uk_fma(x, density, 0.5f * (1.0f + uk_erf(x * 0.70710678f)));
    }
    case uk_gelu_tanh: {
      float t = tanh_inner(x);
      float inner_slope = 0.79788456080f * (1.0f + 3.0f * 0.044715f * x * x);
      return 0.5f * (1.0f + t) + 0.5f * x * (1.0f - t * t) * inner_slope;
    }
    case uk_quick_gelu: {
      float s = sigmoid(1.702f * x);
      return s + 1.702f * x * s * (1.0f - s);
    }
    case uk_silu: {
      float s = sigmoid(x);
      return s + x * s * (1.0f - s);
    }
    default: return x > 0 ? 1 : 0;
  }
}

// Loops run over blocks in local arrays: in and out may be the same memory, and the compiler
// vectorises only what it can prove apart.
enum { block = 128 };

UK_INLINE void forward_block(uk_activation f, const void *in, void *out, uk_type type,
                             size_t start, size_t n) {
  float x[block];
  for (size_t i = 0; i < n; i++) x[i] = uk_load(in, start + i, type);
  for (size_t i = 0; i < n; i++) x[i] = value(f, x[i]);
  for (size_t i = 0; i < n; i++) uk_store(out, start + i, type, x[i]);
}

UK_INLINE void forward_loop(uk_activation f, const void *in, void *out, uk_type type,
                            size_t count) {
  size_t start = 0;
  for (; start + block <= count; start += block) forward_block(f, in, out, type, start, block);
  forward_block(f, in, out, type, start, count - start);
}

UK_INLINE void backward_block(uk_activation f, const void *in, const void *dOut, void *dIn,
                              uk_type type, float *restrict dBias, size_t start, size_t n) {
  float x[block], d[block];
  for (size_t i = 0; i < n; i++) x[i] = uk_load(in, start + i, type);
  for (size_t i = 0; i < n; i++) d[i] = uk_load(dOut, start + i, type);
  for (size_t i = 0; i < n; i++) d[i] *= slope(f, x[i]);
  for (size_t i = 0; i < n; i++) uk_store(dIn, start + i, type, d[i]);
  if (dBias)
    for (size_t i = 0; i < n; i++) dBias[i] += d[i];
}

UK_INLINE void backward_loop(uk_activation f, const void *in, const void *dOut, void *dIn,
                             uk_type type, float *dBias, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    size_t row = r * columns, c = 0;
    for (; c + block <= columns; c += block)
      backward_block(f, in, dOut, dIn, type, dBias ? dBias + c : 0, row + c, block);
    backward_block(f, in, dOut, dIn, type, dBias ? dBias + c : 0, row + c, columns - c);
  }
}

// One compiled pair of loops per function and element type.
#define FOR_EACH_FUNCTION(BODY)                                                         \
  switch (f) {                                                                          \
    case uk_gelu: BODY(uk_gelu) break;                                                  \
    case uk_gelu_tanh: BODY(uk_gelu_tanh) break;                                        \
    case uk_quick_gelu: BODY(uk_quick_gelu) break;                                      \
    case uk_silu: BODY(uk_silu) break;                                                  \
    default: BODY(uk_relu) break;                                                       \
  }

UK_DISPATCH
void uk_activate(uk_activation f, const void *in, void *out, uk_type type, size_t count) {
#define FORWARD(F)                                           \
  if (type == uk_float32)                                    \
    forward_loop(F, in, out, uk_float32, count);             \
  else                                                       \
    forward_loop(F, in, out, uk_bfloat16, count);
  FOR_EACH_FUNCTION(FORWARD)
}

UK_DISPATCH
void uk_activate_backward(uk_activation f, const void *in, const void *dOut, void *dIn,
                          uk_type type, float *dBias, size_t rows, size_t columns) {
#define BACKWARD(F)                                                            \
  if (type == uk_float32)                                                      \
    backward_loop(F, in, dOut, dIn, uk_float32, dBias, rows, columns);         \
  else                                                                         \
    backward_loop(F, in, dOut, dIn, uk_bfloat16, dBias, rows, columns);
  FOR_EACH_FUNCTION(BACKWARD)
}
