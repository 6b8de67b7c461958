#ifndef UNMASK_CTIFF_H
#define UNMASK_CTIFF_H

#include <stddef.h>
#include <stdint.h>

/// Bytes that a caller provides for a message of this library, the final zero included.
#define UK_TIFF_MESSAGE_SIZE 256

/// What a decoder may spend on one image.
typedef struct {
  uint32_t side;    ///< greatest width and height
  uint64_t pixels;  ///< greatest width times height
} uk_tiff_limits;

/// Decodes the first picture of a TIFF file in memory to 8-bit RGB, interleaved, rows from the top.
///
/// Grey, palettes, RGB and CMYK of 1 to 16 bits, in strips or tiles, interleaved or in planes, in every
/// compression that libtiff knows; YCbCr in JPEG. Alpha is dropped, associated alpha divided out,
/// 16-bit samples keep their high byte, the orientation tag is followed, as Pillow does. On success
/// returns 0 and `*pixels` is the caller's to `free`; otherwise returns 1 and `message` says why.
int uk_tiff_decode(const uint8_t *file, size_t size, uk_tiff_limits limits, uint8_t **pixels,
                   uint32_t *width, uint32_t *height, char message[UK_TIFF_MESSAGE_SIZE]);

#endif
