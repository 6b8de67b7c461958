#ifndef UK_ORIENTED_GRADIENTS_H
#define UK_ORIENTED_GRADIENTS_H

#include "types.h"

// Histograms of the directions in which brightness changes, over square cells of each plane:
// planes is [count, height, width], out [count, bins, height / cell, width / cell].
// Sobel differences over a border that mirrors the plane without its edge; a difference adds its
// magnitude to the one bin of its direction, opposite directions sharing a bin; the bins of a
// cell are divided by their norm (Wei et al. 2022). `cell` divides both sides, which are 2 or
// more; at most 64 bins.
void uk_oriented_gradients(const float *planes, size_t count, size_t height, size_t width,
                           size_t cell, size_t bins, float *out);

#endif
