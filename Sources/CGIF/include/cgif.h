#ifndef UNMASK_CGIF_H
#define UNMASK_CGIF_H

#include <stddef.h>
#include <stdint.h>

/// Bytes that a caller provides for a message of this library, the final zero included.
#define UK_GIF_MESSAGE_SIZE 160

/// What a decoder may spend on one image.
typedef struct {
  uint32_t side;    ///< greatest width and height
  uint64_t pixels;  ///< greatest width times height
} uk_gif_limits;

/// Decodes the first frame of a GIF file in memory to 8-bit RGB, interleaved, rows from the top.
///
/// What the frame leaves of the screen has the transparent colour's entry of the palette, or its first.
/// On success returns 0 and `*pixels` is the caller's to `free`; otherwise returns 1 and `message`
/// says why.
int uk_gif_decode(const uint8_t *file, size_t size, uk_gif_limits limits, uint8_t **pixels,
                  uint32_t *width, uint32_t *height, char message[UK_GIF_MESSAGE_SIZE]);

#endif
