// Links: Sources/CPNG/cpng.c -lpng
#include "../../Sources/CPNG/include/cpng.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *file, size_t size) {
  uk_png_limits limits = {1 << 14, 1 << 22};
  char message[UK_PNG_MESSAGE_SIZE];
  uint32_t width, height;
  uint8_t *pixels = NULL;
  if (!uk_png_decode(file, size, limits, &pixels, &width, &height, message)) free(pixels);
  if (!uk_png_decode_indices(file, size, limits, &pixels, &width, &height, message)) free(pixels);
  return 0;
}
