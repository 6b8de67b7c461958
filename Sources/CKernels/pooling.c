#include "pooling.h"

#include "vector.h"

// The part of a window inside the image, along one axis.
typedef struct {
  size_t first, end;  // offsets in the window
  ptrdiff_t origin;   // where the window begins in the image
} extent;

UK_INLINE extent inside(size_t index, size_t kernel, size_t stride, size_t padding, size_t size) {
  extent e;
  e.origin = (ptrdiff_t)(index * stride) - (ptrdiff_t)padding;
  e.first = e.origin < 0 ? (size_t)-e.origin : 0;
  ptrdiff_t room = (ptrdiff_t)size - e.origin;
  e.end = room < (ptrdiff_t)kernel ? (size_t)(room > 0 ? room : 0) : kernel;
  return e;
}

// Runs a block for each output pixel with its row `y` and column `x` extents and its number `pixel`.
#define FOR_EACH_WINDOW(...)                                                               \
  for (size_t b = 0, pixel = 0; b < w->batch; b++)                                        \
    for (size_t i = 0; i < w->out_height; i++) {                                          \
      extent y = inside(i, w->kernel, w->stride, w->padding, w->height);                  \
      for (size_t j = 0; j < w->out_width; j++, pixel++) {                                \
        extent x = inside(j, w->kernel, w->stride, w->padding, w->width);                 \
        __VA_ARGS__                                                                       \
      }                                                                                   \
    }

// Elements before the pixel under place (ky, kx) of the window.
#define SOURCE(ky, kx)                                                                    \
  (((b * w->height + (size_t)(y.origin + (ptrdiff_t)(ky))) * w->width +                   \
    (size_t)(x.origin + (ptrdiff_t)(kx))) * w->channels)

UK_INLINE void max_pool(const uk_windows *w, const void *in, uk_type type, void *out,
                        uint8_t *place) {
  size_t n = w->channels;
  FOR_EACH_WINDOW({
    size_t to = pixel * n;
    for (size_t ky = y.first; ky < y.end; ky++)
      for (size_t kx = x.first; kx < x.end; kx++) {
        size_t from = SOURCE(ky, kx);
        int is_first = ky == y.first && kx == x.first;
        uint8_t here = (uint8_t)(ky * w->kernel + kx);
        for (size_t c = 0; c < n; c++) {
          float value = uk_load(in, from + c, type), best = uk_load(out, to + c, type);
          int wins = is_first | (value > best) | (value != value);
          uk_store(out, to + c, type, wins ? value : best);
          if (place) place[to + c] = wins ? here : place[to + c];
        }
      }
  })
}

UK_DISPATCH
void uk_max_pool(const uk_windows *windows, const void *in, uk_type type, void *out,
                 uint8_t *place) {
  if (type == uk_float32)
    max_pool(windows, in, uk_float32, out, place);
  else
    max_pool(windows, in, uk_bfloat16, out, place);
}

UK_DISPATCH
void uk_max_pool_backward(const uk_windows *w, const void *dOut, uk_type type,
                          const uint8_t *place, float *dIn) {
  size_t n = w->channels;
  FOR_EACH_WINDOW({
    for (size_t c = 0; c < n; c++) {
      size_t to = pixel * n + c;
      dIn[SOURCE(place[to] / w->kernel, place[to] % w->kernel) + c] += uk_load(dOut, to, type);
    }
  })
}

UK_INLINE float share(const uk_windows *w, int count_padding, extent y, extent x) {
  size_t count = count_padding ? w->kernel * w->kernel : (y.end - y.first) * (x.end - x.first);
  return 1.0f / (float)count;
}

UK_DISPATCH
void uk_average_pool(const uk_windows *w, int count_padding, const void *in, uk_type type,
                     void *out) {
  size_t n = w->channels;
  FOR_EACH_WINDOW({
    float part = share(w, count_padding, y, x);
    for (size_t c = 0; c < n; c++) {
      float sum = 0;
      for (size_t ky = y.first; ky < y.end; ky++)
        for (size_t kx = x.first; kx < x.end; kx++) sum += uk_load(in, SOURCE(ky, kx) + c, type);
      uk_store(out, pixel * n + c, type, sum * part);
    }
  })
}

UK_DISPATCH
void uk_average_pool_backward(const uk_windows *w, int count_padding, const void *dOut,
                              uk_type type, float *dIn) {
  size_t n = w->channels;
  FOR_EACH_WINDOW({
    float part = share(w, count_padding, y, x);
    for (size_t ky = y.first; ky < y.end; ky++)
      for (size_t kx = x.first; kx < x.end; kx++) {
        float *to = dIn + SOURCE(ky, kx);
        for (size_t c = 0; c < n; c++) to[c] += uk_load(dOut, pixel * n + c, type) * part;
      }
  })
}

UK_DISPATCH
void uk_resample(const float *in, float *out, size_t outer, size_t in_count, size_t out_count,
                 size_t inner, size_t taps, const int32_t *indices, const float *weights) {
  for (size_t o = 0; o < outer; o++)
    for (size_t j = 0; j < out_count; j++) {
      float *to = out + (o * out_count + j) * inner;
      for (size_t t = 0; t < taps; t++) {
        float weight = weights[j * taps + t];
        const float *from = in + (o * in_count + (size_t)indices[j * taps + t]) * inner;
        if (t == 0)
          for (size_t i = 0; i < inner; i++) to[i] = weight * from[i];
        else if (weight != 0)
          for (size_t i = 0; i < inner; i++) to[i] = uk_fma(weight, from[i], to[i]);
      }
    }
}

UK_DISPATCH
void uk_resample_backward(const float *dOut, float *dIn, size_t outer, size_t in_count,
                          size_t out_count, size_t inner, size_t taps, const int32_t *indices,
                          const float *weights) {
  for (size_t o = 0; o < outer; o++)
    for (size_t j = 0; j < out_count; j++) {
      const float *from = dOut + (o * out_count + j) * inner;
      for (size_t t = 0; t < taps; t++) {
        float weight = weights[j * taps + t];
        if (weight == 0) continue;
        float *to = dIn + (o * in_count + (size_t)indices[j * taps + t]) * inner;
        for (size_t i = 0; i < inner; i++) to[i] = uk_fma(weight, from[i], to[i]);
      }
    }
}
