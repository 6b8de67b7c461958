// libpng behind functions that return a code: its longjmp never crosses a Swift frame.
#include "cpng.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Deflate cannot expand by more than this (RFC 1951: 258 bytes from two bits, plus headers).
enum { greatest_expansion = 1040 };

typedef struct {
  const uint8_t *bytes;
  size_t size, position;
} source;

static void say(char message[UK_PNG_MESSAGE_SIZE], const char *text) {
  snprintf(message, UK_PNG_MESSAGE_SIZE, "%s", text);
}

static void on_error(png_structp png, png_const_charp text) {
  say(png_get_error_ptr(png), text);
  png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
  source *from = png_get_io_ptr(png);
  if (count > from->size - from->position) png_error(png, "the file ends early");
  memcpy(target, from->bytes + from->position, count);
  from->position += count;
}

/// Refuses a header whose claims exceed the limits or what `size` bytes can hold.
static void check_header(png_structp png, png_infop info, uk_png_limits limits, size_t size) {
  const uint64_t width = png_get_image_width(png, info);
  const uint64_t height = png_get_image_height(png, info);
  char text[UK_PNG_MESSAGE_SIZE];
  if (width > limits.side || height > limits.side) {
    snprintf(text, sizeof text, "%llux%llu pixels are more than the greatest size read here",
             (unsigned long long)width, (unsigned long long)height);
    png_error(png, text);
  }
  const uint64_t bits = (uint64_t)png_get_bit_depth(png, info) * png_get_channels(png, info);
  if (width * height > limits.pixels ||
      width * height * bits / 8 > (uint64_t)size * greatest_expansion) {
    snprintf(text, sizeof text, "the header claims %llux%llu pixels, too many for a file of %zu bytes",
             (unsigned long long)width, (unsigned long long)height, size);
    png_error(png, text);
  }
}

static void ask_for_rgb(png_structp png, png_infop info) {
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_strip_alpha(png);
  if (!(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(png);
}

static void ask_for_indices(png_structp png, png_infop info) {
  const int type = png_get_color_type(png, info);
  if (type != PNG_COLOR_TYPE_PALETTE && type != PNG_COLOR_TYPE_GRAY)
    png_error(png, "a label map must have a palette or grey values, not colours");
  if (png_get_bit_depth(png, info) == 16) png_error(png, "a label map must have at most 8 bits");
  png_set_packing(png);
}

/// The part that libpng may leave by longjmp; what it allocates is owned by the caller.
static int decode_guarded(png_structp png, png_infop info, size_t size, uk_png_limits limits,
                          int channels, uint8_t *volatile *pixels, png_bytep *volatile *rows) {
  if (setjmp(png_jmpbuf(png))) return 1;
  png_set_user_limits(png, limits.side, limits.side);
  png_set_chunk_malloc_max(png, 1 << 20);
  // Texts, profiles and the like are compressed too and say nothing about the samples.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_read_info(png, info);
  check_header(png, info, limits, size);
  if (channels == 3) ask_for_rgb(png, info); else ask_for_indices(png, info);
  png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t width = png_get_image_width(png, info), height = png_get_image_height(png, info);
  const size_t stride = width * (size_t)channels;
  if (png_get_rowbytes(png, info) != stride) png_error(png, "unexpected layout of rows");
  *pixels = malloc(stride * height);
  *rows = malloc(height * sizeof(png_bytep));
  if (!*pixels || !*rows) png_error(png, "out of memory");
  for (size_t row = 0; row < height; row++) (*rows)[row] = *pixels + row * stride;
  png_read_image(png, *rows);
  png_read_end(png, NULL);
  return 0;
}

static int decode(const uint8_t *file, size_t size, uk_png_limits limits, int channels,
                  uint8_t **pixels, uint32_t *width, uint32_t *height,
                  char message[UK_PNG_MESSAGE_SIZE]) {
  say(message, "not a PNG file");
  source from = {file, size, 0};
  uint8_t *volatile decoded = NULL;
  png_bytep *volatile rows = NULL;
  if (size < 8 || png_sig_cmp(file, 0, 8)) return 1;
  png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, message, on_error, on_warning);
  png_infop info = png ? png_create_info_struct(png) : NULL;
  if (!info) {
    png_destroy_read_struct(&png, NULL, NULL);
    say(message, "out of memory");
    return 1;
  }
  png_set_read_fn(png, &from, read_bytes);
  const int failed = decode_guarded(png, info, size, limits, channels, &decoded, &rows);
  if (failed) {
    free(decoded);
  } else {
    *pixels = decoded;
    *width = png_get_image_width(png, info);
    *height = png_get_image_height(png, info);
  }
  free(rows);
  png_destroy_read_struct(&png, &info, NULL);
  return failed;
}

int uk_png_decode(const uint8_t *file, size_t size, uk_png_limits limits, uint8_t **pixels,
                  uint32_t *width, uint32_t *height, char message[UK_PNG_MESSAGE_SIZE]) {
  return decode(file, size, limits, 3, pixels, width, height, message);
}

int uk_png_decode_indices(const uint8_t *file, size_t size, uk_png_limits limits, uint8_t **indices,
                          uint32_t *width, uint32_t *height, char message[UK_PNG_MESSAGE_SIZE]) {
  return decode(file, size, limits, 1, indices, width, height, message);
}

int uk_png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                  uint8_t **file, size_t *size, char message[UK_PNG_MESSAGE_SIZE]) {
  png_image image = {.version = PNG_IMAGE_VERSION, .width = width, .height = height};
  image.format = channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t capacity = PNG_IMAGE_PNG_SIZE_MAX(image);
  uint8_t *bytes = malloc(capacity);
  if (!bytes) {
    say(message, "out of memory");
    return 1;
  }
  if (!png_image_write_to_memory(&image, bytes, &capacity, 0, pixels, 0, NULL)) {
    say(message, image.message);
    free(bytes);
    return 1;
  }
  *file = bytes;
  *size = capacity;
  return 0;
}
