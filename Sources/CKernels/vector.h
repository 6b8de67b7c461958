#ifndef UK_VECTOR_H
#define UK_VECTOR_H

#include <stdint.h>
#include <string.h>

#include "dispatch.h"
#include "types.h"

#define UK_INLINE static inline __attribute__((always_inline))
#define UK_LANES 16

UK_INLINE float uk_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }

UK_INLINE float uk_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

UK_INLINE uint32_t uk_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

// Rounds to nearest even; NaN stays NaN because its quiet bit is set.
UK_INLINE uint16_t uk_to_bfloat16(float value) {
  uint32_t bits = uk_bits(value);
  uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
  return (uint16_t)(((bits & 0x7fffffffu) > 0x7f800000u ? (bits | 0x400000u) : rounded) >> 16);
}

UK_INLINE float uk_load(const void *array, size_t index, uk_type type) {
  return type == uk_float32 ? ((const float *)array)[index]
                            : uk_from_bits((uint32_t)((const uint16_t *)array)[index] << 16);
}

UK_INLINE void uk_store(void *array, size_t index, uk_type type, float value) {
  if (type == uk_float32)
    ((float *)array)[index] = value;
  else
    ((uint16_t *)array)[index] = uk_to_bfloat16(value);
}

// The lanes' sum in a fixed order: halves are folded.
UK_INLINE float uk_fold(const float lanes[UK_LANES]) {
  float sums[UK_LANES];
  memcpy(sums, lanes, sizeof sums);
  for (int half = UK_LANES / 2; half > 0; half /= 2)
    for (int lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
  return sums[0];
}

// e^x within 2 ulp for x in [-87, 88]; smaller x give the smallest normal, larger x e^88.
// Cody–Waite reduction by ln 2, Taylor polynomial of degree 7 on [-ln 2 / 2, ln 2 / 2].
UK_INLINE float uk_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shift = 12582912.0f;
  float shifted = uk_fma(x, 1.44269504f, shift);
  float whole = shifted - shift;
  float rest = uk_fma(whole, -0.693359375f, x);
  rest = uk_fma(whole, 2.12194440e-4f, rest);
  float p = 1.0f / 5040;
  p = uk_fma(p, rest, 1.0f / 720);
  p = uk_fma(p, rest, 1.0f / 120);
  p = uk_fma(p, rest, 1.0f / 24);
  p = uk_fma(p, rest, 1.0f / 6);
  p = uk_fma(p, rest, 0.5f);
  p = uk_fma(p, rest, 1.0f);
  p = uk_fma(p, rest, 1.0f);
  return p * uk_from_bits((uk_bits(shifted) - uk_bits(shift) + 127u) << 23);
}

// erf(x) within 7e-8: 1 - e^(-t·P(t)) with t = |x|, P fitted by weighted least squares on [0, 4].
UK_INLINE float uk_erf(float x) {
  float t = uk_from_bits(uk_bits(x) & 0x7fffffffu);
  t = t > 4.0f ? 4.0f : t;
  float p = 3.144017682643607e-05f;
  p = uk_fma(p, t, -3.0880174017511308e-04f);
  p = uk_fma(p, t, 1.0323985479772091e-03f);
  p = uk_fma(p, t, 5.3694087546318770e-04f);
  p = uk_fma(p, t, -1.9583968445658684e-02f);
  p = uk_fma(p, t, 1.0291961580514908e-01f);
  p = uk_fma(p, t, 6.3659775257110596e-01f);
  p = uk_fma(p, t, 1.1283802986145020e+00f);
  float magnitude = 1.0f - uk_exp(-p * t);
  return uk_from_bits(uk_bits(magnitude) | (uk_bits(x) & 0x80000000u));
}


#endif
