// libjpeg behind a function that returns a code: its longjmp never crosses a Swift frame.
#include "cjpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

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
  int is_short;  // whether the data ended before the picture did
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

/// The data end here: harmless for the last rows of blocks of a scan, else an error.
static void end_early(j_decompress_ptr jpeg) {
  error_state *state = (error_state *)jpeg->err;
  const unsigned total = jpeg->total_iMCU_rows;
  const unsigned missing = total - (jpeg->input_iMCU_row < total ? jpeg->input_iMCU_row : total);
  state->is_short = 1;
  if (missing <= 1 || 4 * missing <= total) return;
  char text[UK_JPEG_MESSAGE_SIZE];
  snprintf(text, sizeof text, "the file ends early: %u of %u rows of blocks are missing", missing,
           total);
  fail((j_common_ptr)jpeg, text);
}

/// The last scan of every coefficient must have begun in a file that ends early.
static void check_short(j_decompress_ptr jpeg) {
  const error_state *state = (error_state *)jpeg->err;
  if (!state->is_short) return;
  if (!jpeg->progressive_mode) {
    // One component a scan: all must have had theirs.
    if (jpeg->comps_in_scan < jpeg->num_components && jpeg->input_scan_number < jpeg->num_components)
      fail((j_common_ptr)jpeg, "the file ends early: a colour is missing");
    return;
  }
  for (int component = 0; component < jpeg->num_components; component++)
    for (int k = 0; k < DCTSIZE2; k++)
      if (!jpeg->coef_bits || jpeg->coef_bits[component][k] != 0)
        fail((j_common_ptr)jpeg, "the file ends early: before its last scans");
}

/// Warnings of damaged pixels are errors here; all others are not, as for Pillow.
static void on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  const int marker = jpeg->is_decompressor ? ((j_decompress_ptr)jpeg)->unread_marker : 0;
  switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
      ((error_state *)jpeg->err)->is_short = 1;
      break;
    case JWRN_HIT_MARKER:
      if (marker != JPEG_EOI) give_up(jpeg);
      end_early((j_decompress_ptr)jpeg);
      break;
    case JWRN_MUST_RESYNC:
      if (jpeg->err->msg_parm.i[0] != JPEG_EOI) give_up(jpeg);
      end_early((j_decompress_ptr)jpeg);
      break;
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
      give_up(jpeg);
      break;
    default:
      jpeg->err->num_warnings++;
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
  if (width > limits.side || height > limits.side) {
    snprintf(text, sizeof text, "%llux%llu pixels are more than the greatest size read here",
             (unsigned long long)width, (unsigned long long)height);
    fail((j_common_ptr)jpeg, text);
  }
  if (width * height > limits.pixels || width * height > (uint64_t)size * greatest_pixels_per_byte) {
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
  check_short(jpeg);
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
  check_short(jpeg);
  jpeg_finish_decompress(jpeg);
  return 0;
}

int uk_jpeg_decode(const uint8_t *file, size_t size, uk_jpeg_limits limits, uint8_t **pixels,
                   uint32_t *width, uint32_t *height, int *is_short,
                   char message[UK_JPEG_MESSAGE_SIZE]) {
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
    *is_short = state.is_short;
  }
  free(ink_row);
  jpeg_destroy_decompress(&jpeg);
  return failed;
}

/// The part that libjpeg may leave by longjmp; what it allocates is owned by the caller.
static int encode_guarded(j_compress_ptr jpeg, error_state *state, const uint8_t *pixels, uint32_t width,
                          uint32_t height, int quality, unsigned char **file, unsigned long *size) {
  if (setjmp(state->escape)) return 1;
  jpeg_create_compress(jpeg);
  jpeg_mem_dest(jpeg, file, size);
  jpeg->image_width = width;
  jpeg->image_height = height;
  jpeg->input_components = 3;
  jpeg->in_color_space = JCS_RGB;
  jpeg_set_defaults(jpeg);
  jpeg_set_quality(jpeg, quality, TRUE);
  jpeg_start_compress(jpeg, TRUE);
  while (jpeg->next_scanline < height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)jpeg->next_scanline * width * 3);
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
  return 0;
}

int uk_jpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, uint8_t **file,
                   size_t *size, char message[UK_JPEG_MESSAGE_SIZE]) {
  struct jpeg_compress_struct jpeg = {0};
  error_state state = {.message = message};
  jpeg.err = jpeg_std_error(&state.base);
  state.base.error_exit = give_up;
  state.base.emit_message = on_message;
  // libjpeg takes the buffer over, and gives a larger one back where it must; kept in memory that longjmp leaves alone.
  struct {
    unsigned char *bytes;
    unsigned long count;
  } written = {NULL, 0};
  const int failed =
      encode_guarded(&jpeg, &state, pixels, width, height, quality, &written.bytes, &written.count);
  jpeg_destroy_compress(&jpeg);
  if (failed) {
    free(written.bytes);
    return 1;
  }
  *file = written.bytes;
  *size = written.count;
  return 0;
}
