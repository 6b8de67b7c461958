#ifndef UK_UNFOLD_H
#define UK_UNFOLD_H

#include "types.h"

// How the windows of a convolution lie on channels-last images.
typedef struct {
  size_t channels, height, width;
  size_t out_height, out_width;
  size_t kernel_height, kernel_width;
  size_t stride, padding, dilation;  // dilation 1: dense
} uk_kernel_windows;

// The windows of output pixels first … first + count - 1 of a batch, in raster order:
// out[n, (ky, kx, c)], zeros where a window reaches over the edge.
void uk_unfold_windows(const float *images, const uk_kernel_windows *windows, size_t first, size_t count,
               float *out);

// The reverse: adds the rows of `in` to the pixels that they came from.
void uk_add_windows(const float *in, const uk_kernel_windows *windows, size_t first, size_t count,
             float *images);

#endif
