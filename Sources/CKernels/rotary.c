#include "rotary.h"

#include "vector.h"

UK_INLINE void put(void *out, size_t i, uk_type type, int accumulate, float value) {
  uk_store(out, i, type, accumulate ? uk_load(out, i, type) + value : value);
}

UK_INLINE void turn(const void *restrict in, void *restrict out, size_t first, size_t half,
                    const float *restrict cosines, float sign, uk_type type, int accumulate) {
  const float *restrict sines = cosines + half;
  for (size_t i = 0; i < half; i++) {
    float x = uk_load(in, first + i, type), y = uk_load(in, first + half + i, type);
    float s = sign * sines[i];
    put(out, first + i, type, accumulate, x * cosines[i] - y * s);
    put(out, first + half + i, type, accumulate, y * cosines[i] + x * s);
  }
}

UK_INLINE void rotate(const uk_rotary *s, const void *restrict in, uk_type type,
                      const float *table, const int32_t *order, float sign, int accumulate,
                      void *restrict out) {
  size_t width = s->heads * s->head_width, patches = s->tokens - s->prefix;
  for (size_t b = 0; b < s->batch; b++)
    for (size_t t = 0; t < s->tokens; t++) {
      size_t start = (b * s->tokens + t) * 3 * width, i = start;
      if (t >= s->prefix) {
        size_t n = t - s->prefix, place = order ? (size_t)order[b * patches + n] : n;
        for (; i < start + 2 * width; i += s->head_width)
          turn(in, out, i, s->head_width / 2, table + place * s->head_width, sign, type, accumulate);
      }
      for (; i < start + 3 * width; i++) put(out, i, type, accumulate, uk_load(in, i, type));
    }
}

UK_DISPATCH
void uk_rotate(const uk_rotary *extents, const void *in, uk_type type, const float *table,
               const int32_t *order, int inverse, int accumulate, void *out) {
  float sign = inverse ? -1 : 1;
  if (type == uk_float32 && !accumulate)
    rotate(extents, in, uk_float32, table, order, sign, 0, out);
  else if (type == uk_float32)
    rotate(extents, in, uk_float32, table, order, sign, 1, out);
  else if (!accumulate)
    rotate(extents, in, uk_bfloat16, table, order, sign, 0, out);
  else
    rotate(extents, in, uk_bfloat16, table, order, sign, 1, out);
}
