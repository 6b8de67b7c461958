#include "head_packing.h"

#include "vector.h"

// Runs a block for each row of a head: `row` and `dense` count the elements before it.
#define FOR_EACH_ROW(...)                                                                 \
  for (size_t b = 0; b < s->batch; b++)                                                   \
    for (size_t t = 0; t < s->tokens; t++)                                                \
      for (size_t h = 0; h < s->heads; h++) {                                             \
        size_t row = b * s->batch_stride + t * s->row_stride + h * s->head_width;         \
        size_t dense = ((b * s->heads + h) * s->tokens + t) * s->head_width;              \
        __VA_ARGS__                                                                       \
      }

UK_DISPATCH
void uk_pack_heads(const uk_heads *s, const void *rows, uk_type type, void *packed) {
  size_t n = s->head_width;
  if (type == uk_float32) {
    const uint32_t *from = rows;
    uint32_t *to = packed;
    FOR_EACH_ROW({ for (size_t i = 0; i < n; i++) to[dense + i] = from[row + i]; })
  } else {
    const uint16_t *from = rows;
    uint16_t *to = packed;
    FOR_EACH_ROW({ for (size_t i = 0; i < n; i++) to[dense + i] = from[row + i]; })
  }
}

UK_INLINE void unpack(const uk_heads *s, const void *packed, uk_type type, int accumulate,
                      void *rows) {
  size_t n = s->head_width;
  FOR_EACH_ROW({
    for (size_t i = 0; i < n; i++) {
      float value = uk_load(packed, dense + i, type);
      if (accumulate) value += uk_load(rows, row + i, type);
      uk_store(rows, row + i, type, value);
    }
  })
}

UK_DISPATCH
void uk_unpack_heads(const uk_heads *heads, const void *packed, uk_type type, int accumulate,
                     void *rows) {
  if (type == uk_float32 && !accumulate)
    unpack(heads, packed, uk_float32, 0, rows);
  else if (type == uk_float32)
    unpack(heads, packed, uk_float32, 1, rows);
  else if (!accumulate)
    unpack(heads, packed, uk_bfloat16, 0, rows);
  else
    unpack(heads, packed, uk_bfloat16, 1, rows);
}
