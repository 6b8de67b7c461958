#ifndef CRESAMPLING_H
#define CRESAMPLING_H

#include <stddef.h>
#include <stdint.h>

// Resizing of 8-bit pictures in whole numbers: the same on every machine.
//
// A picture here is rows of 4-byte pixels (red, green, blue, filler); strides are in bytes and
// multiples of 16, so that the last vector of a row stays inside it.

// Sample i of a resized row or column is the sum over j < used[i] of
// weights[i * taps + j] * source[first[i] + j], in units of 2^-22, rounded half up, cut to 0...255.
typedef struct {
  size_t count, taps;
  const int32_t *first, *used, *weights;
} rs_resampling;

// Adds the filler: `rows` rows of `width` 3-byte pixels to 4-byte pixels.
void rs_pixels_from_rgb(const uint8_t *rgb, size_t rgb_stride, size_t width, size_t rows,
                        uint8_t *pixels, size_t stride);

// Resizes each of `rows` rows to `resampling->count` pixels.
void rs_resample_rows(const uint8_t *source, size_t source_stride, size_t rows,
                      const rs_resampling *resampling, uint8_t *target, size_t target_stride);

// Resizes the columns of rows of `stride` bytes to `resampling->count` rows.
void rs_resample_columns(const uint8_t *source, size_t stride, const rs_resampling *resampling,
                         uint8_t *target);

// Writes three planes of `rows` × `width` floats in 0...255; `mirrored` turns each row around.
void rs_planes_from_pixels(const uint8_t *pixels, size_t stride, size_t width, size_t rows,
                           int mirrored, float *planes);

#endif
