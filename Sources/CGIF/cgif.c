// giflib's sequential interface: the first frame, no more.
#include "cgif.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gif_lib.h>

typedef struct {
  const uint8_t *bytes;
  size_t size, position;
} source;

static int read_bytes(GifFileType *gif, GifByteType *target, int count) {
  source *from = gif->UserData;
  const size_t left = from->size - from->position;
  const size_t taken = (size_t)count < left ? (size_t)count : left;
  memcpy(target, from->bytes + from->position, taken);
  from->position += taken;
  return (int)taken;
}

static int say(char message[UK_GIF_MESSAGE_SIZE], const char *text) {
  snprintf(message, UK_GIF_MESSAGE_SIZE, "%s", text);
  return 1;
}

static int say_error(char message[UK_GIF_MESSAGE_SIZE], int code) {
  const char *text = GifErrorString(code);
  return say(message, text ? text : "damaged, or the file ends early");
}

/// Moves on to the description of the first frame; `*transparent` is -1 when no colour is.
static int find_frame(GifFileType *gif, int *transparent, char message[UK_GIF_MESSAGE_SIZE]) {
  for (;;) {
    GifRecordType record;
    if (DGifGetRecordType(gif, &record) == GIF_ERROR) return say_error(message, gif->Error);
    if (record == IMAGE_DESC_RECORD_TYPE)
      return DGifGetImageDesc(gif) == GIF_ERROR ? say_error(message, gif->Error) : 0;
    if (record != EXTENSION_RECORD_TYPE) return say(message, "it holds no picture");
    int code;
    GifByteType *block;
    if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) return say_error(message, gif->Error);
    if (code == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4 && block[1] & 1)
      *transparent = block[4];
    while (block)
      if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) return say_error(message, gif->Error);
  }
}

/// Reads the frame's rows into the screen of palette indices, interlaced or not.
static int read_rows(GifFileType *gif, uint8_t *screen, size_t stride,
                     char message[UK_GIF_MESSAGE_SIZE]) {
  static const int starts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
  const GifImageDesc *frame = &gif->Image;
  const int passes = frame->Interlace ? 4 : 1;
  for (int pass = 0; pass < passes; pass++)
    for (int y = frame->Interlace ? starts[pass] : 0; y < frame->Height;
         y += frame->Interlace ? steps[pass] : 1)
      if (DGifGetLine(gif, screen + (size_t)(frame->Top + y) * stride + frame->Left,
                      frame->Width) == GIF_ERROR)
        return say_error(message, gif->Error);
  return 0;
}

static void paint(const ColorMapObject *map, const uint8_t *screen, size_t count, uint8_t *pixels) {
  uint8_t palette[256][3];
  for (int index = 0; index < 256; index++) {
    const int known = map && index < map->ColorCount;
    palette[index][0] = known ? map->Colors[index].Red : map ? 0 : index;
    palette[index][1] = known ? map->Colors[index].Green : map ? 0 : index;
    palette[index][2] = known ? map->Colors[index].Blue : map ? 0 : index;
  }
  for (size_t pixel = 0; pixel < count; pixel++) memcpy(pixels + 3 * pixel, palette[screen[pixel]], 3);
}

static int decode(GifFileType *gif, uk_gif_limits limits, uint8_t **pixels, uint32_t *width,
                  uint32_t *height, char message[UK_GIF_MESSAGE_SIZE]) {
  int transparent = -1;
  if (find_frame(gif, &transparent, message)) return 1;
  const GifImageDesc *frame = &gif->Image;
  if (frame->Left < 0 || frame->Top < 0 || frame->Width <= 0 || frame->Height <= 0)
    return say(message, "its first frame is empty");
  // A frame that reaches beyond the screen makes the picture larger.
  const uint64_t right = (uint64_t)frame->Left + (uint64_t)frame->Width;
  const uint64_t bottom = (uint64_t)frame->Top + (uint64_t)frame->Height;
  const uint64_t columns = right > (uint64_t)gif->SWidth ? right : (uint64_t)gif->SWidth;
  const uint64_t rows = bottom > (uint64_t)gif->SHeight ? bottom : (uint64_t)gif->SHeight;
  if (columns > limits.side || rows > limits.side || columns * rows > limits.pixels)
    return say(message, "the header claims more pixels than a file of its size may have");
  uint8_t *screen = malloc(columns * rows);
  uint8_t *colours = malloc(columns * rows * 3);
  int failed = !screen || !colours ? say(message, "out of memory") : 0;
  if (!failed) {
    memset(screen, transparent < 0 ? 0 : transparent, columns * rows);
    failed = read_rows(gif, screen, columns, message);
  }
  if (!failed) {
    paint(frame->ColorMap ? frame->ColorMap : gif->SColorMap, screen, columns * rows, colours);
    *pixels = colours;
    *width = (uint32_t)columns;
    *height = (uint32_t)rows;
  } else {
    free(colours);
  }
  free(screen);
  return failed;
}

int uk_gif_decode(const uint8_t *file, size_t size, uk_gif_limits limits, uint8_t **pixels,
                  uint32_t *width, uint32_t *height, char message[UK_GIF_MESSAGE_SIZE]) {
  source from = {file, size, 0};
  int error = 0;
  say(message, "not a GIF file");
  GifFileType *gif = DGifOpen(&from, read_bytes, &error);
  if (!gif) return say_error(message, error);
  const int failed = decode(gif, limits, pixels, width, height, message);
  DGifCloseFile(gif, &error);
  return failed;
}
