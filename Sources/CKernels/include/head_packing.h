#ifndef UK_HEAD_PACKING_H
#define UK_HEAD_PACKING_H

#include "types.h"

// Where the heads of an attention lie in rows of tokens, in elements.
typedef struct {
  size_t batch, tokens, heads, head_width;
  size_t batch_stride, row_stride;  // from image to image, from token to token
} uk_heads;

// packed[b, h, t, :] = rows[b, t, h, :]; products of dense matrices are several times faster.
void uk_pack_heads(const uk_heads *heads, const void *rows, uk_type type, void *packed);

// rows[b, t, h, :] (+)= packed[b, h, t, :]; overwritten unless `accumulate`.
void uk_unpack_heads(const uk_heads *heads, const void *packed, uk_type type, int accumulate,
                     void *rows);

#endif
