// libwebp's decoder of animations, which reads still pictures too.
#include "cwebp.h"

#include <webp/decode.h>
#include <webp/demux.h>

int uk_webp_size(const uint8_t *file, size_t size, int *width, int *height) {
  return !WebPGetInfo(file, size, width, height);
}

int uk_webp_decode(const uint8_t *file, size_t size, int width, int height, uint8_t *pixels) {
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) return 1;
  options.color_mode = MODE_RGBA;
  const WebPData data = {file, size};
  WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
  if (!decoder) return 1;
  WebPAnimInfo info;
  uint8_t *canvas = NULL;
  int time = 0;
  const int failed = !WebPAnimDecoderGetInfo(decoder, &info) || (int)info.canvas_width != width ||
                     (int)info.canvas_height != height ||
                     !WebPAnimDecoderGetNext(decoder, &canvas, &time);
  if (!failed)
    for (size_t pixel = 0; pixel < (size_t)width * (size_t)height; pixel++)
      for (int channel = 0; channel < 3; channel++)
        pixels[3 * pixel + channel] = canvas[4 * pixel + channel];
  WebPAnimDecoderDelete(decoder);
  return failed;
}
