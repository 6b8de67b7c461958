#ifndef UK_ROTARY_H
#define UK_ROTARY_H

#include "types.h"

// Rows of queries, keys and values, [batch, tokens, 3, heads, head_width]; head_width is even.
typedef struct {
  size_t batch, tokens, heads, head_width;
  size_t prefix;  // rows of an image before its first patch
} uk_rotary;

// out (+)= in, the queries and keys of patches rotated: elements i and i + head_width / 2 of a head are
// a point, turned by the angle whose cosine and sine are elements i and i + head_width / 2 of a row of
// table [places, head_width]; by the opposite angle when `inverse`. The row of patch n of image b is
// order[b, n]; `order` NULL: n. Overwritten unless `accumulate`.
void uk_rotate(const uk_rotary *extents, const void *in, uk_type type, const float *table,
               const int32_t *order, int inverse, int accumulate, void *out);

#endif
