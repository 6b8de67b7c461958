#include "oriented_gradients.h"

#include <math.h>
#include <string.h>

// cos and sin of the lower bound of each bin but the first.
typedef struct {
  size_t bins;
  double cosine[64], sine[64];
} directions;

static directions directions_of(size_t bins) {
  directions d = {.bins = bins};
  for (size_t k = 1; k < bins; k++) {
    double angle = 3.14159265358979323846 * (double)k / (double)bins;
    d.cosine[k] = cos(angle);
    d.sine[k] = sin(angle);
  }
  return d;
}

// The bin of the angle whose sine is `across` and whose cosine is `down`, modulo half a turn: how
// many lower bounds it has passed. Without an arc tangent, and exact at the borders.
static size_t bin_of(const directions *d, float across, float down) {
  if (across == 0) return 0;
  double y = fabs((double)across), x = across < 0 ? -(double)down : (double)down;
  size_t bin = 0;
  for (size_t k = 1; k < d->bins; k++) bin += y * d->cosine[k] >= x * d->sine[k];
  return bin;
}

static void plane_gradients(const float *plane, size_t height, size_t width, size_t cell,
                            const directions *d, float *out) {
  size_t rows = height / cell, columns = width / cell, cells = rows * columns;
  memset(out, 0, d->bins * cells * sizeof(float));
  for (size_t y = 0; y < height; y++) {
    const float *above = plane + (y == 0 ? 1 : y - 1) * width, *row = plane + y * width;
    const float *below = plane + (y == height - 1 ? height - 2 : y + 1) * width;
    for (size_t x = 0; x < width; x++) {
      size_t left = x == 0 ? 1 : x - 1, right = x == width - 1 ? width - 2 : x + 1;
      float across = (above[left] - above[right]) + 2 * (row[left] - row[right]) +
                     (below[left] - below[right]);
      float down = (above[left] - below[left]) + 2 * (above[x] - below[x]) +
                   (above[right] - below[right]);
      out[bin_of(d, across, down) * cells + y / cell * columns + x / cell] +=
          sqrtf(across * across + down * down);
    }
  }
  for (size_t i = 0; i < cells; i++) {
    float squares = 0;
    for (size_t bin = 0; bin < d->bins; bin++) squares += out[bin * cells + i] * out[bin * cells + i];
    float norm = fmaxf(sqrtf(squares), 1e-12f);
    for (size_t bin = 0; bin < d->bins; bin++) out[bin * cells + i] /= norm;
  }
}

void uk_oriented_gradients(const float *planes, size_t count, size_t height, size_t width,
                           size_t cell, size_t bins, float *out) {
  directions d = directions_of(bins);
  size_t extent = bins * (height / cell) * (width / cell);
  for (size_t i = 0; i < count; i++)
    plane_gradients(planes + i * height * width, height, width, cell, &d, out + i * extent);
}
