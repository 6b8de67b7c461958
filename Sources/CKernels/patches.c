#include "patches.h"

#include <math.h>

#include "vector.h"

void uk_patches(const float *image, size_t channels, size_t height, size_t width, size_t patch,
                const int32_t *order, size_t count, void *out, uk_type out_type) {
  size_t across = width / patch, length = channels * patch * patch;
  for (size_t n = 0; n < count; n++) {
    size_t index = order ? (size_t)order[n] : n;
    const float *corner = image + (index / across) * patch * width + (index % across) * patch;
    size_t i = n * length;
    for (size_t c = 0; c < channels; c++)
      for (size_t y = 0; y < patch; y++)
        for (size_t x = 0; x < patch; x++)
          uk_store(out, i++, out_type, corner[(c * height + y) * width + x]);
  }
}

void uk_patch_targets(const float *image, size_t channels, size_t height, size_t width,
                      size_t patch, const int32_t *order, size_t count, int normalise,
                      float *out) {
  size_t across = width / patch, length = channels * patch * patch;
  for (size_t n = 0; n < count; n++) {
    size_t index = order ? (size_t)order[n] : n;
    const float *corner = image + (index / across) * patch * width + (index % across) * patch;
    float *target = out + n * length;
    size_t i = 0;
    for (size_t y = 0; y < patch; y++)
      for (size_t x = 0; x < patch; x++)
        for (size_t c = 0; c < channels; c++) target[i++] = corner[(c * height + y) * width + x];
    if (!normalise) continue;
    double sum = 0, squares = 0;
    for (i = 0; i < length; i++) sum += target[i];
    double mean = sum / (double)length;
    for (i = 0; i < length; i++) squares += (target[i] - mean) * (target[i] - mean);
    double scale = 1 / sqrt(squares / (double)(length > 1 ? length - 1 : 1) + 1e-6);
    for (i = 0; i < length; i++) target[i] = (float)((target[i] - mean) * scale);
  }
}
