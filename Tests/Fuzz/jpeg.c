// Links: Sources/CJPEG/cjpeg.c -ljpeg
#include "../../Sources/CJPEG/include/cjpeg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *file, size_t size) {
  uk_jpeg_limits limits = {1 << 14, 1 << 22};
  char message[UK_JPEG_MESSAGE_SIZE];
  uint32_t width, height;
  uint8_t *pixels = NULL;
  if (!uk_jpeg_decode(file, size, limits, &pixels, &width, &height, message)) free(pixels);
  return 0;
}
