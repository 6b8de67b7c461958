#ifndef UK_POOLING_H
#define UK_POOLING_H

#include "types.h"

// Windows that move over channels-last feature maps.
typedef struct {
  size_t batch, height, width, channels, out_height, out_width;
  size_t kernel, stride, padding;  // the same along height and width; kernel ≤ 15
} uk_windows;

// The largest element of each window; `place`, unless NULL, says where in the window it is, row by
// row; of equal elements the first. NaN wins. What lies outside the image never does.
void uk_max_pool(const uk_windows *windows, const void *in, uk_type type, void *out,
                 uint8_t *place);

// dIn[…] += dOut at the places; dIn is float32.
void uk_max_pool_backward(const uk_windows *windows, const void *dOut, uk_type type,
                          const uint8_t *place, float *dIn);

// The mean of each window: over kernel² elements when `count_padding` (those outside are 0), else
// over the elements inside the image.
void uk_average_pool(const uk_windows *windows, int count_padding, const void *in, uk_type type,
                     void *out);

// dIn[…] += dOut / number of elements; dIn is float32.
void uk_average_pool_backward(const uk_windows *windows, int count_padding, const void *dOut,
                              uk_type type, float *dIn);

// Weighted sums along the middle index: out[o, j, :] = Σ_t weights[j, t] · in[o, indices[j, t], :].
void uk_resample(const float *in, float *out, size_t outer, size_t in_count, size_t out_count,
                 size_t inner, size_t taps, const int32_t *indices, const float *weights);

// The transpose: dIn[o, indices[j, t], :] += weights[j, t] · dOut[o, j, :].
void uk_resample_backward(const float *dOut, float *dIn, size_t outer, size_t in_count,
                          size_t out_count, size_t inner, size_t taps, const int32_t *indices,
                          const float *weights);

#endif
