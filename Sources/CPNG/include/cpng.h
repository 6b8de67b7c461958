#ifndef UNMASK_CPNG_H
#define UNMASK_CPNG_H

#include <stddef.h>
#include <stdint.h>

/// Bytes that a caller provides for a message of this library, the final zero included.
#define UK_PNG_MESSAGE_SIZE 160

/// What a decoder may spend on one image.
typedef struct {
  uint32_t side;    ///< greatest width and height
  uint64_t pixels;  ///< greatest width times height
} uk_png_limits;

/// Decodes a PNG file in memory to 8-bit RGB, interleaved, rows from the top.
///
/// Any colour type, depth and interlacing. Alpha and transparency are dropped, 16-bit samples keep
/// their high byte, gamma is not applied. On success returns 0 and `*pixels` is the caller's to
/// `free`; otherwise returns 1 and `message` says why.
int uk_png_decode(const uint8_t *file, size_t size, uk_png_limits limits, uint8_t **pixels,
                  uint32_t *width, uint32_t *height, char message[UK_PNG_MESSAGE_SIZE]);

/// Decodes a PNG file with a palette, or with grey values, to its stored 8-bit values.
///
/// For label maps: palette indices and grey levels are not turned into colours, and depths below
/// 8 bits are widened without scaling. Other colour types fail. Returns as `uk_png_decode`.
int uk_png_decode_indices(const uint8_t *file, size_t size, uk_png_limits limits, uint8_t **indices,
                          uint32_t *width, uint32_t *height, char message[UK_PNG_MESSAGE_SIZE]);

/// Encodes 8-bit pixels as a PNG file in memory; `channels` is 1 (grey) or 3 (RGB).
///
/// On success returns 0 and `*file` (of `*size` bytes) is the caller's to `free`; otherwise
/// returns 1 and `message` says why.
int uk_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                  uint8_t **file, size_t *size, char message[UK_PNG_MESSAGE_SIZE]);

#endif
