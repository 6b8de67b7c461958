#ifndef UNMASK_CJPEG_H
#define UNMASK_CJPEG_H

#include <stddef.h>
#include <stdint.h>

/// Bytes that a caller provides for a message of this library, the final zero included.
#define UK_JPEG_MESSAGE_SIZE 256

/// What a decoder may spend on one image.
typedef struct {
  uint32_t side;    ///< greatest width and height
  uint64_t pixels;  ///< greatest width times height
} uk_jpeg_limits;

/// Decodes a JPEG file in memory to 8-bit RGB, interleaved, rows from the top.
///
/// Baseline and progressive; grey is repeated, CMYK and YCCK are converted without a colour
/// profile. The orientation that EXIF may hold is ignored. What libjpeg merely warns of is read as
/// it reads it. `*is_short` becomes 1 when the last blocks are missing, at most a quarter of the
/// rows of blocks (or the last row): they are what libjpeg makes up. On success returns 0 and
/// `*pixels` is the caller's to `free`; otherwise (also for a file that ends earlier or whose
/// entropy-coded data are damaged) returns 1 and `message` says why.
int uk_jpeg_decode(const uint8_t *file, size_t size, uk_jpeg_limits limits, uint8_t **pixels,
                   uint32_t *width, uint32_t *height, int *is_short,
                   char message[UK_JPEG_MESSAGE_SIZE]);

/// Encodes 8-bit RGB pixels as a baseline JPEG file in memory, colours at half the resolution.
///
/// `quality` is libjpeg's, 1 to 100. On success returns 0 and `*file` (of `*size` bytes) is the caller's to `free`;
/// otherwise returns 1 and `message` says why.
int uk_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, uint8_t **file,
                   size_t *size, char message[UK_JPEG_MESSAGE_SIZE]);

#endif
