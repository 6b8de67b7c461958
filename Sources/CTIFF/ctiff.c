// libtiff behind one function: samples are taken from strips and tiles, and become what Pillow makes of them.
#include "ctiff.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tiffio.h>

/// The most bytes of strips and tiles, over the file's: some programs share them, bombs share one.
enum { greatest_sharing = 16 };

typedef struct {
  const uint8_t *bytes;
  uint64_t size, position;
  char *message;
  int is_incomplete;  // whether the library went on without something that the header names
} source;

/// What the file's header says, as far as it is needed.
typedef struct {
  uint32_t width, height, tile_width, tile_height;
  uint16_t bits, samples, photometric, planes, compression, orientation;
  int is_tiled;
  int channels;        // samples of a pixel that are needed
  int has_associated;  // whether the last of them is alpha that was multiplied in
  const uint16_t *palette[3];
} layout;

static int say(char *message, const char *text) {
  snprintf(message, UK_TIFF_MESSAGE_SIZE, "%s", text);
  return 1;
}

static void on_error(thandle_t handle, const char *module, const char *format, va_list values) {
  (void)module;
  source *from = handle;
  if (from) vsnprintf(from->message, UK_TIFF_MESSAGE_SIZE, format, values);
}

/// Most warnings are about metadata; some mean that the file ends early or the palette is lost.
static void on_warning(thandle_t handle, const char *module, const char *format, va_list values) {
  (void)module;
  source *from = handle;
  if (!from) return;
  char text[UK_TIFF_MESSAGE_SIZE];
  vsnprintf(text, sizeof text, format, values);
  if (strstr(text, "IO error") || strstr(text, "olormap")) from->is_incomplete = 1;
}

static void set_handlers(void) {
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  TIFFSetErrorHandlerExt(on_error);
  TIFFSetWarningHandlerExt(on_warning);
}

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t count) {
  source *from = handle;
  const uint64_t left = from->position < from->size ? from->size - from->position : 0;
  const uint64_t taken = (uint64_t)count < left ? (uint64_t)count : left;
  memcpy(target, from->bytes + from->position, taken);
  from->position += taken;
  return (tmsize_t)taken;
}

static tmsize_t write_bytes(thandle_t handle, void *data, tmsize_t count) {
  (void)handle, (void)data, (void)count;
  return -1;
}

static toff_t seek(thandle_t handle, toff_t offset, int origin) {
  source *from = handle;
  const uint64_t base = origin == SEEK_CUR ? from->position : origin == SEEK_END ? from->size : 0;
  from->position = base + offset;
  if (from->position > from->size) from->position = from->size;
  return from->position;
}

static int close_nothing(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t size_of(thandle_t handle) { return ((source *)handle)->size; }

/// Reads the header's fields and refuses what is not read here.
static int read_layout(TIFF *tiff, layout *l, char *message) {
  uint16_t format = SAMPLEFORMAT_UINT, extra_count = 0, *extras = NULL;
  char text[UK_TIFF_MESSAGE_SIZE];
  if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &l->width) ||
      !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &l->height))
    return say(message, "it has no size");
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &l->bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &l->samples);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &l->planes);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &l->compression);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extra_count, &extras);
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &l->photometric)) l->photometric = 0;
  if (!TIFFGetField(tiff, TIFFTAG_ORIENTATION, &l->orientation)) l->orientation = 1;
  if (l->orientation < 1 || l->orientation > 8) l->orientation = 1;
  l->is_tiled = TIFFIsTiled(tiff);
  if (format == SAMPLEFORMAT_IEEEFP || format == SAMPLEFORMAT_COMPLEXIEEEFP)
    return say(message, "floating-point samples are not read, since their range is not known");
  const int is_grey = l->photometric <= PHOTOMETRIC_MINISBLACK;
  if (format == SAMPLEFORMAT_INT && !(is_grey && l->bits == 8))
    return say(message, "signed samples are not read");
  const int is_known = l->bits == 8 || l->bits == 16 ||
                       ((l->bits == 1 || l->bits == 2 || l->bits == 4) && l->samples == 1);
  if (!is_known || (l->photometric == PHOTOMETRIC_PALETTE && l->bits > 8)) {
    snprintf(text, sizeof text, "%d samples of %d bits a pixel are not read", l->samples, l->bits);
    return say(message, text);
  }
  int wanted = 1;
  switch (l->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
    case PHOTOMETRIC_PALETTE:
      break;
    case PHOTOMETRIC_RGB:
      wanted = 3;
      break;
    case PHOTOMETRIC_SEPARATED:
      wanted = 4;
      break;
    case PHOTOMETRIC_YCBCR:
      if (l->compression != COMPRESSION_JPEG || l->planes != PLANARCONFIG_CONTIG || l->samples != 3)
        return say(message, "YCbCr is read in JPEG compression only");
      // libjpeg turns it into RGB.
      TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      wanted = 3;
      break;
    default:
      snprintf(text, sizeof text, "the colour space %d is not read", l->photometric);
      return say(message, text);
  }
  if (l->samples < wanted || l->samples > wanted + 3 || (is_grey && l->samples > 2)) {
    snprintf(text, sizeof text, "%d samples a pixel are not read", l->samples);
    return say(message, text);
  }
  l->has_associated = wanted != 4 && l->photometric != PHOTOMETRIC_PALETTE && extra_count > 0 &&
                      extras[0] == EXTRASAMPLE_ASSOCALPHA && l->samples > wanted;
  l->channels = wanted + l->has_associated;
  if (l->photometric == PHOTOMETRIC_PALETTE) {
    uint16_t *red, *green, *blue;
    if (!TIFFGetField(tiff, TIFFTAG_COLORMAP, &red, &green, &blue))
      return say(message, "it has no palette");
    l->palette[0] = red, l->palette[1] = green, l->palette[2] = blue;
  }
  l->tile_width = l->width, l->tile_height = l->height;
  if (l->is_tiled) {
    if (!TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &l->tile_width) ||
        !TIFFGetField(tiff, TIFFTAG_TILELENGTH, &l->tile_height) || !l->tile_width || !l->tile_height)
      return say(message, "its tiles have no size");
  } else {
    uint32_t rows = 0;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    if (rows && rows < l->height) l->tile_height = rows;
  }
  return 0;
}

/// Refuses claims that exceed the limits, or what the file can hold.
static int check(TIFF *tiff, const layout *l, uk_tiff_limits limits, uint64_t size, char *message) {
  const uint64_t pixels = (uint64_t)l->width * l->height;
  char text[UK_TIFF_MESSAGE_SIZE];
  if (!pixels || l->width > limits.side || l->height > limits.side || pixels > limits.pixels) {
    snprintf(text, sizeof text, "the header claims %ux%u pixels, too many for a file of %llu bytes",
             l->width, l->height, (unsigned long long)size);
    return say(message, text);
  }
  const uint64_t bytes = pixels * l->samples * (l->bits > 8 ? 2 : 1);
  const uint64_t part = l->is_tiled ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
  if (!part || part > 4 * bytes + (1 << 22)) return say(message, "its tiles are larger than it is");
  const uint32_t count = l->is_tiled ? TIFFNumberOfTiles(tiff) : TIFFNumberOfStrips(tiff);
  uint64_t total = 0;
  for (uint32_t index = 0; index < count; index++) {
    const uint64_t length = TIFFGetStrileByteCount(tiff, index);
    total += length < size ? length : size;
    if (total > greatest_sharing * size) return say(message, "its strips overlap");
  }
  return 0;
}

/// Sample `index` of a row of packed samples, as 8 bits: high byte, stored value, or a fraction of 255.
static inline uint8_t sample(const uint8_t *row, size_t index, int bits, int is_index) {
  if (bits == 8) return row[index];
  if (bits == 16) {
    uint16_t value;
    memcpy(&value, row + 2 * index, 2);
    return (uint8_t)(value >> 8);
  }
  const size_t per_byte = 8u / (unsigned)bits;
  const unsigned shift = 8u - (unsigned)bits * (unsigned)(index % per_byte + 1);
  const unsigned greatest = (1u << bits) - 1;
  const unsigned value = row[index / per_byte] >> shift & greatest;
  return (uint8_t)(is_index ? value : value * 255 / greatest);
}

/// Copies the needed samples of one strip or tile into the picture of `l->channels` bytes a pixel.
static void take(const layout *l, const uint8_t *part, size_t row_bytes, uint32_t left, uint32_t top,
                 int plane, uint8_t *samples) {
  const int is_split = l->planes == PLANARCONFIG_SEPARATE && l->samples > 1;
  const size_t step = is_split ? 1 : l->samples;
  const int count = is_split ? 1 : l->channels;
  const int is_index = l->photometric == PHOTOMETRIC_PALETTE;
  for (uint32_t y = 0; y < l->tile_height && top + y < l->height; y++) {
    const uint8_t *row = part + y * row_bytes;
    for (uint32_t x = 0; x < l->tile_width && left + x < l->width; x++) {
      uint8_t *target = samples + ((size_t)(top + y) * l->width + left + x) * (size_t)l->channels;
      for (int c = 0; c < count; c++)
        target[is_split ? plane : c] = sample(row, x * step + (size_t)c, l->bits, is_index);
    }
  }
}

static int read_parts(TIFF *tiff, const layout *l, uint8_t *part, size_t part_size, uint8_t *samples,
                      char *message) {
  const int is_split = l->planes == PLANARCONFIG_SEPARATE && l->samples > 1;
  const size_t row_bytes = (size_t)(l->is_tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff));
  say(message, "damaged, or the file ends early");
  if (!row_bytes || (uint64_t)row_bytes * l->tile_height > part_size) return 1;
  for (int plane = 0; plane < (is_split ? l->channels : 1); plane++)
    for (uint32_t top = 0; top < l->height; top += l->tile_height)
      for (uint32_t left = 0; left < l->width; left += l->tile_width) {
        const uint32_t index = l->is_tiled
                                   ? TIFFComputeTile(tiff, left, top, 0, (uint16_t)plane)
                                   : TIFFComputeStrip(tiff, top, (uint16_t)plane);
        const uint32_t rows = l->height - top < l->tile_height ? l->height - top : l->tile_height;
        const tmsize_t needed = (tmsize_t)(row_bytes * (l->is_tiled ? l->tile_height : rows));
        const tmsize_t read = l->is_tiled ? TIFFReadEncodedTile(tiff, index, part, needed)
                                          : TIFFReadEncodedStrip(tiff, index, part, needed);
        if (read < needed) return 1;
        take(l, part, row_bytes, left, top, plane, samples);
      }
  return 0;
}

static uint8_t divided(uint8_t value, uint8_t alpha) {
  const unsigned whole = alpha ? value * 255u / alpha : 0;
  return (uint8_t)(whole > 255 ? 255 : whole);
}

static uint8_t scaled(unsigned value, unsigned by) {
  const unsigned product = value * by + 128;
  return (uint8_t)(((product >> 8) + product) >> 8);
}

static void colour(const layout *l, const uint8_t *in, uint8_t *rgb) {
  const int is_grey = l->photometric <= PHOTOMETRIC_MINISBLACK;
  for (int c = 0; c < 3; c++) {
    switch (l->photometric) {
      case PHOTOMETRIC_PALETTE:
        rgb[c] = (uint8_t)(l->palette[c][in[0]] >> 8);
        break;
      case PHOTOMETRIC_SEPARATED:
        rgb[c] = (uint8_t)(255 - in[3] - scaled(in[c], 255u - in[3]));
        break;
      default:
        rgb[c] = in[is_grey ? 0 : c];
        if (l->photometric == PHOTOMETRIC_MINISWHITE) rgb[c] = (uint8_t)(255 - rgb[c]);
        if (l->has_associated) rgb[c] = divided(rgb[c], in[l->channels - 1]);
    }
  }
}

/// Writes the picture upright.
static void paint(const layout *l, const uint8_t *samples, uint8_t *pixels, uint32_t columns,
                  uint32_t rows) {
  const uint32_t w = l->width, h = l->height;
  for (uint32_t y = 0; y < rows; y++)
    for (uint32_t x = 0; x < columns; x++) {
      uint32_t from_x = x, from_y = y;
      switch (l->orientation) {
        case 2: from_x = w - 1 - x; break;
        case 3: from_x = w - 1 - x, from_y = h - 1 - y; break;
        case 4: from_y = h - 1 - y; break;
        case 5: from_x = y, from_y = x; break;
        case 6: from_x = y, from_y = h - 1 - x; break;
        case 7: from_x = w - 1 - y, from_y = h - 1 - x; break;
        case 8: from_x = w - 1 - y, from_y = x; break;
        default: break;
      }
      colour(l, samples + ((size_t)from_y * w + from_x) * (size_t)l->channels,
             pixels + 3 * ((size_t)y * columns + x));
    }
}

static int decode(TIFF *tiff, uint64_t size, uk_tiff_limits limits, uint8_t **pixels, uint32_t *width,
                  uint32_t *height, char *message) {
  layout l = {0};
  if (read_layout(tiff, &l, message) || check(tiff, &l, limits, size, message)) return 1;
  const size_t part_size = (size_t)(l.is_tiled ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff));
  const size_t count = (size_t)l.width * l.height;
  uint8_t *part = calloc(part_size, 1);
  uint8_t *samples = malloc(count * (size_t)l.channels);
  uint8_t *colours = malloc(count * 3);
  int failed = !part || !samples || !colours ? say(message, "out of memory") : 0;
  if (!failed) failed = read_parts(tiff, &l, part, part_size, samples, message);
  if (!failed) {
    *width = l.orientation >= 5 ? l.height : l.width;
    *height = l.orientation >= 5 ? l.width : l.height;
    paint(&l, samples, colours, *width, *height);
    *pixels = colours;
  } else {
    free(colours);
  }
  free(part);
  free(samples);
  return failed;
}

int uk_tiff_decode(const uint8_t *file, size_t size, uk_tiff_limits limits, uint8_t **pixels,
                   uint32_t *width, uint32_t *height, char message[UK_TIFF_MESSAGE_SIZE]) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, set_handlers);
  source from = {file, size, 0, message, 0};
  say(message, "damaged, or the file ends early");
  // "m": the file is in memory already and need not be mapped.
  TIFF *tiff = TIFFClientOpen("memory", "rm", &from, read_bytes, write_bytes, seek, close_nothing,
                              size_of, NULL, NULL);
  if (!tiff) return 1;
  const int failed = from.is_incomplete
                         ? say(message, "the file ends early, or its palette is damaged")
                         : decode(tiff, size, limits, pixels, width, height, message);
  TIFFClose(tiff);
  return failed;
}
