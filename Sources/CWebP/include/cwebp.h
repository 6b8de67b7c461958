#ifndef UNMASK_CWEBP_H
#define UNMASK_CWEBP_H

#include <stddef.h>
#include <stdint.h>

/// Reads width and height of a WebP file in memory; returns 0, or 1 when it is none.
int uk_webp_size(const uint8_t *file, size_t size, int *width, int *height);

/// Decodes the first frame of a WebP file in memory to `width × height` RGB samples, interleaved, rows
/// from the top, and drops alpha. `pixels` has room for them; the size is that of `uk_webp_size`.
/// Returns 0, or 1 for a file that is damaged or ends early.
int uk_webp_decode(const uint8_t *file, size_t size, int width, int height, uint8_t *pixels);

#endif
