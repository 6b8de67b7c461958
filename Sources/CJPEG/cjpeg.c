// libjpeg behind a function that returns a code: its longjmp never crosses a Swift frame.
#include "cjpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/// Huffman codes spend at least one bit on a block of 64 pixels, hence 512 pixels a byte; doubled,
/// because blocks may cover more than the picture.
enum { greatest_pixels_per_byte = 1024 };

/// A progressive file with more scans than this only wants to keep us busy.
enum { greatest_scan = 500 };

typedef struct {
  struct jpeg_error_mgr base;  // first, so that the library's pointer is ours
  jmp_buf escape;
  struct jpeg_progress_mgr progress;
  char *message;
} error_state;

static void give_up(j_common_ptr jpeg) {
  error_state *state = (error_state *)jpeg->err;
  char text[JMSG_LENGTH_MAX];
  state->base.format_message(jpeg, text);
  snprintf(state->message, UK_JPEG_MESSAGE_SIZE, "%s", text);
  longjmp(state->escape, 1);
}

static void fail(j_common_ptr jpeg, const char *text) {
  error_state *state = (error_state *)jpeg->err;
  snprintf(state->message, UK_JPEG_MESSAGE_SIZE, "%s", text);
  longjmp(state->escape, 1);
}

/// Warnings about pixels that had to be made up are errors here; harmless ones are not.
static void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
      fail(jpeg, "the file ends early");
      break;
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
      jpeg->err->num_warnings++;
      break;
    default:
      give_up(jpeg);
  }
}

static void on_progress(j_common_ptr jpeg) {
  if (jpeg->is_decompressor && ((j_decompress_ptr)jpeg)->input_scan_number > greatest_scan)
    fail(jpeg, "more than 500 scans");
}

/// Refuses a header whose claims exceed the limits or what `size` bytes can hold.
static void check_header(j_decompress_ptr jpeg, uk_jpeg_limits limits, size_t size) {
  const uint64_t width = jpeg->image_width, height = jpeg->image_height;
  char text[UK_JPEG_MESSAGE_SIZE];
  if (width > limits.side || height > limits.side || width * height > limits.pixels) {
    snprintf(text, sizeof text, "%llux%llu pixels are more than the greatest size read here",
             (unsigned long long)width, (unsigned long long)height);
    fail((j_common_ptr)jpeg, text);
  }
  if (width * height > (uint64_t)size * greatest_pixels_per_byte) {
    snprintf(text, sizeof text, "the header claims %llux%llu pixels, too many for a file of %zu bytes",
             (unsigned long long)width, (unsigned long long)height, size);
    fail((j_common_ptr)jpeg, text);
  }
}

static uint8_t scaled(unsigned value, unsigned by) {
  const unsigned product = value * by + 128;
  return (uint8_t)(((product >> 8) + product) >> 8);
}

/// Ink to light, without a profile; the inks are stored inverted, as all programs write them.
static void rgb_from_inverted_cmyk(const uint8_t *ink, uint8_t *rgb, uint32_t width) {
  for (uint32_t x = 0; x < width; x++, ink += 4, rgb += 3)
    for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(ink[3] - scaled(255u - ink[c], ink[3]));
}

/// The part that libjpeg may leave by longjmp; what it allocates is owned by the caller.
static int decode_guarded(j_decompress_ptr jpeg, error_state *state, const uint8_t *file,
                          size_t size, uk_jpeg_limits limits, uint8_t *volatile *pixels,
                          uint8_t *volatile *ink_row) {
  if (setjmp(state->escape)) return 1;
  jpeg_create_decompress(jpeg);
  jpeg->progress = &state->progress;
  jpeg_mem_src(jpeg, file, size);
  jpeg_read_header(jpeg, TRUE);
  check_header(jpeg, limits, size);
  const int has_ink = jpeg->num_components == 4;
  jpeg->out_color_space = has_ink ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(jpeg);
  const size_t stride = (size_t)jpeg->output_width * 3;
  *pixels = malloc(stride * jpeg->output_height);
  if (has_ink) *ink_row = malloc((size_t)jpeg->output_width * 4);
  if (!*pixels || (has_ink && !*ink_row)) fail((j_common_ptr)jpeg, "out of memory");
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *row = *pixels + stride * jpeg->output_scanline;
    JSAMPROW target = has_ink ? *ink_row : row;
    jpeg_read_scanlines(jpeg, &target, 1);
    if (has_ink) rgb_from_inverted_cmyk(*ink_row, row, jpeg->output_width);
  }
  jpeg_finish_decompress(jpeg);
  return 0;
}

int uk_jpeg_decode(const uint8_t *file, size_t size, uk_jpeg_limits limits, uint8_t **pixels,
                   uint32_t *width, uint32_t *height, char message[UK_JPEG_MESSAGE_SIZE]) {
  struct jpeg_decompress_struct jpeg = {0};
  error_state state = {.message = message, .progress = {.progress_monitor = on_progress}};
  jpeg.err = jpeg_std_error(&state.base);
  state.base.error_exit = give_up;
  state.base.emit_message = on_message;
  uint8_t *volatile decoded = NULL;
  uint8_t *volatile ink_row = NULL;
  snprintf(message, UK_JPEG_MESSAGE_SIZE, "not a JPEG file");
  if (size < 4 || file[0] != 0xff || file[1] != 0xd8) return 1;
  const int failed = decode_guarded(&jpeg, &state, file, size, limits, &decoded, &ink_row);
  if (failed) {
    free(decoded);
  } else {
    *pixels = decoded;
    *width = jpeg.output_width;
    *height = jpeg.output_height;
  }
  free(ink_row);
  jpeg_destroy_decompress(&jpeg);
  return failed;
}
