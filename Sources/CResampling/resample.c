#include "CResampling.h"

#include <string.h>

#include "../CKernels/dispatch.h"

typedef uint8_t bytes4 __attribute__((vector_size(4)));
typedef int32_t whole4 __attribute__((vector_size(16)));
typedef uint8_t bytes16 __attribute__((vector_size(16)));
typedef int32_t whole16 __attribute__((vector_size(64)));

enum { precision = 22, half = 1 << (precision - 1) };

// A sum is cut to 0...255 so: negative ones become 0, those above get all bits set, and the
// conversion to bytes keeps the lowest eight.

UK_DISPATCH
void rs_pixels_from_rgb(const uint8_t *rgb, size_t rgb_stride, size_t width, size_t rows,
                        uint8_t *pixels, size_t stride) {
  for (size_t row = 0; row < rows; row++) {
    const uint8_t *restrict from = rgb + row * rgb_stride;
    uint8_t *restrict to = pixels + row * stride;
    for (size_t x = 0; x < width; x++) {
      to[4 * x] = from[3 * x];
      to[4 * x + 1] = from[3 * x + 1];
      to[4 * x + 2] = from[3 * x + 2];
      to[4 * x + 3] = 0;
    }
  }
}

UK_DISPATCH
void rs_resample_rows(const uint8_t *source, size_t source_stride, size_t rows,
                      const rs_resampling *resampling, uint8_t *target, size_t target_stride) {
  for (size_t row = 0; row < rows; row++) {
    const uint8_t *from = source + row * source_stride;
    uint8_t *to = target + row * target_stride;
    for (size_t x = 0; x < resampling->count; x++) {
      const int32_t *weights = resampling->weights + x * resampling->taps;
      const uint8_t *pixel = from + 4 * (size_t)resampling->first[x];
      const int32_t used = resampling->used[x];
      whole4 sum = {half, half, half, half};
      for (int32_t tap = 0; tap < used; tap++) {
        bytes4 samples;
        memcpy(&samples, pixel + 4 * tap, 4);
        sum += weights[tap] * __builtin_convertvector(samples, whole4);
      }
      sum >>= precision;
      sum &= ~(sum < 0);
      sum |= sum > 255;
      const bytes4 result = __builtin_convertvector(sum, bytes4);
      memcpy(to + 4 * x, &result, 4);
    }
  }
}

UK_DISPATCH
void rs_resample_columns(const uint8_t *source, size_t stride, const rs_resampling *resampling,
                         uint8_t *target) {
  for (size_t row = 0; row < resampling->count; row++) {
    const int32_t *weights = resampling->weights + row * resampling->taps;
    const uint8_t *from = source + (size_t)resampling->first[row] * stride;
    const int32_t used = resampling->used[row];
    for (size_t x = 0; x < stride; x += 16) {
      whole16 sum = {0};
      sum += half;
      for (int32_t tap = 0; tap < used; tap++) {
        bytes16 samples;
        memcpy(&samples, from + (size_t)tap * stride + x, 16);
        sum += weights[tap] * __builtin_convertvector(samples, whole16);
      }
      sum >>= precision;
      sum &= ~(sum < 0);
      sum |= sum > 255;
      const bytes16 result = __builtin_convertvector(sum, bytes16);
      memcpy(target + row * stride + x, &result, 16);
    }
  }
}

UK_DISPATCH
void rs_planes_from_pixels(const uint8_t *pixels, size_t stride, size_t width, size_t rows,
                           int mirrored, float *planes) {
  const size_t plane = rows * width;
  for (size_t row = 0; row < rows; row++) {
    const uint8_t *restrict from = pixels + row * stride;
    for (size_t channel = 0; channel < 3; channel++) {
      float *restrict to = planes + channel * plane + row * width;
      if (mirrored) {
        for (size_t x = 0; x < width; x++) to[width - 1 - x] = from[4 * x + channel];
      } else {
        for (size_t x = 0; x < width; x++) to[x] = from[4 * x + channel];
      }
    }
  }
}
