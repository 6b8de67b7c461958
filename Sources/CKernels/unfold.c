#include "unfold.h"

#include <string.h>

#include "vector.h"

// Where the window of one output pixel begins; it may begin outside its image.
typedef struct {
  size_t image;
  ptrdiff_t y, x;
} corner;

UK_INLINE corner corner_of(const uk_kernel_windows *w, size_t pixel) {
  size_t x = pixel % w->out_width, y = pixel / w->out_width % w->out_height;
  return (corner){pixel / (w->out_width * w->out_height),
                  (ptrdiff_t)(y * w->stride) - (ptrdiff_t)w->padding,
                  (ptrdiff_t)(x * w->stride) - (ptrdiff_t)w->padding};
}

// The columns kx of a dense window that lie inside: from `*left` up to `*right`.
UK_INLINE void inside(const uk_kernel_windows *w, ptrdiff_t x, size_t *left, size_t *right) {
  ptrdiff_t k = (ptrdiff_t)w->kernel_width, width = (ptrdiff_t)w->width;
  ptrdiff_t low = x < 0 ? -x : 0, high = width - x;
  *left = (size_t)(low > k ? k : low);
  *right = (size_t)(high > k ? k : high < (ptrdiff_t)*left ? (ptrdiff_t)*left : high);
}

UK_INLINE void copy(const float *from, float *to, size_t n) {
  if (n < 64)
    for (size_t i = 0; i < n; i++) to[i] = from[i];
  else
    memcpy(to, from, n * sizeof(float));
}

UK_INLINE void unfold_row(const float *row, const uk_kernel_windows *w, ptrdiff_t x, float *out) {
  size_t c = w->channels;
  if (w->dilation == 1) {
    size_t left, right;
    inside(w, x, &left, &right);
    for (size_t i = 0; i < left * c; i++) out[i] = 0;
    copy(row + (x + (ptrdiff_t)left) * (ptrdiff_t)c, out + left * c, (right - left) * c);
    for (size_t i = right * c; i < w->kernel_width * c; i++) out[i] = 0;
    return;
  }
  for (size_t k = 0; k < w->kernel_width; k++) {
    ptrdiff_t at = x + (ptrdiff_t)(k * w->dilation);
    if (at < 0 || at >= (ptrdiff_t)w->width)
      memset(out + k * c, 0, c * sizeof(float));
    else
      copy(row + at * (ptrdiff_t)c, out + k * c, c);
  }
}

UK_DISPATCH
void uk_unfold_windows(const float *images, const uk_kernel_windows *w, size_t first, size_t count, float *out) {
  size_t length = w->kernel_width * w->channels;
  for (size_t pixel = first; pixel < first + count; pixel++) {
    corner at = corner_of(w, pixel);
    const float *image = images + at.image * w->height * w->width * w->channels;
    for (size_t k = 0; k < w->kernel_height; k++, out += length) {
      ptrdiff_t y = at.y + (ptrdiff_t)(k * w->dilation);
      if (y < 0 || y >= (ptrdiff_t)w->height)
        memset(out, 0, length * sizeof(float));
      else
        unfold_row(image + (size_t)y * w->width * w->channels, w, at.x, out);
    }
  }
}

UK_INLINE void fold_row(const float *in, const uk_kernel_windows *w, ptrdiff_t x, float *row) {
  size_t c = w->channels;
  if (w->dilation == 1) {
    size_t left, right;
    inside(w, x, &left, &right);
    float *to = row + (x + (ptrdiff_t)left) * (ptrdiff_t)c;
    const float *from = in + left * c;
    for (size_t i = 0; i < (right - left) * c; i++) to[i] += from[i];
    return;
  }
  for (size_t k = 0; k < w->kernel_width; k++) {
    ptrdiff_t at = x + (ptrdiff_t)(k * w->dilation);
    if (at < 0 || at >= (ptrdiff_t)w->width) continue;
    for (size_t i = 0; i < c; i++) row[at * (ptrdiff_t)c + (ptrdiff_t)i] += in[k * c + i];
  }
}

UK_DISPATCH
void uk_add_windows(const float *in, const uk_kernel_windows *w, size_t first, size_t count, float *images) {
  size_t length = w->kernel_width * w->channels;
  for (size_t pixel = first; pixel < first + count; pixel++) {
    corner at = corner_of(w, pixel);
    float *image = images + at.image * w->height * w->width * w->channels;
    for (size_t k = 0; k < w->kernel_height; k++, in += length) {
      ptrdiff_t y = at.y + (ptrdiff_t)(k * w->dilation);
      if (y < 0 || y >= (ptrdiff_t)w->height) continue;
      fold_row(in, w, at.x, image + (size_t)y * w->width * w->channels);
    }
  }
}
