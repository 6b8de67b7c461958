#include "half.h"

#include <math.h>

#include "vector.h"

// A float times 2^-112 has the exponent field of the half, so its bits, shifted, are the half:
// subnormal halves come out of subnormal floats.
UK_INLINE uint16_t to_half(float value) {
  uint32_t sign = uk_bits(value) & 0x80000000u;
  float magnitude = uk_from_bits(uk_bits(value) & 0x7fffffffu);
  magnitude = magnitude < 65504.0f ? magnitude : 65504.0f;
  uint32_t bits = uk_bits(magnitude * 0x1p-112f);
  bits += 0xfffu + ((bits >> 13) & 1u);
  return (uint16_t)(sign >> 16 | bits >> 13);
}

UK_INLINE float from_half(uint16_t half) {
  uint32_t bits = (uint32_t)(half & 0x7fffu) << 13;
  float magnitude = uk_from_bits(bits) * 0x1p112f;
  return uk_from_bits(uk_bits(magnitude) | (uint32_t)(half & 0x8000u) << 16);
}

UK_DISPATCH
void uk_to_half(const float *in, uint16_t *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = to_half(in[i]);
}

UK_DISPATCH
void uk_from_half(const uint16_t *in, float *out, size_t count) {
  for (size_t i = 0; i < count; i++) out[i] = from_half(in[i]);
}

UK_DISPATCH
void uk_normalized_from_half(const uint16_t *in, float epsilon, float *out, size_t rows,
                             size_t columns) {
  for (size_t r = 0; r < rows; r++) {
    float *x = out + r * columns;
    float sums[UK_LANES] = {0}, squares[UK_LANES] = {0};
    for (size_t c = 0; c < columns; c++) x[c] = from_half(in[r * columns + c]);
    size_t c = 0;
    for (; c + UK_LANES <= columns; c += UK_LANES)
      for (int l = 0; l < UK_LANES; l++) sums[l] += x[c + l];
    for (; c < columns; c++) sums[c % UK_LANES] += x[c];
    float mean = uk_fold(sums) / (float)columns;
    for (c = 0; c < columns; c++) x[c] -= mean;
    for (c = 0; c + UK_LANES <= columns; c += UK_LANES)
      for (int l = 0; l < UK_LANES; l++) squares[l] = uk_fma(x[c + l], x[c + l], squares[l]);
    for (; c < columns; c++) squares[c % UK_LANES] = uk_fma(x[c], x[c], squares[c % UK_LANES]);
    float inverse = 1.0f / sqrtf(uk_fold(squares) / (float)columns + epsilon);
    for (c = 0; c < columns; c++) x[c] *= inverse;
  }
}
