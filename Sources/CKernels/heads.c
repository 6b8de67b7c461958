#include "heads.h"

#include "vector.h"

// `group` rows at a time, so that the sums are loaded and stored once for all of them.
UK_INLINE void centred(const float *const *in, int group, const float *shift, float *out,
                       float *sums, float *squares, size_t columns) {
  for (size_t c = 0; c < columns; c++) {
    float sum = sums[c], square = squares[c];
    for (int g = 0; g < group; g++) {
      float value = in[g][c] - shift[c];
      out[g * columns + c] = value;
      sum += value;
      square = uk_fma(value, value, square);
    }
    sums[c] = sum;
    squares[c] = square;
  }
}

UK_DISPATCH
void uk_centred_rows(const float *rows, const int32_t *indices, size_t count, const float *shift,
                     float *restrict out, float *restrict sums, float *restrict squares,
                     size_t columns) {
  size_t r = 0;
  for (; r + 4 <= count; r += 4) {
    const float *in[4];
    for (int g = 0; g < 4; g++) in[g] = rows + (indices ? (size_t)indices[r + g] : r + g) * columns;
    centred(in, 4, shift, out + r * columns, sums, squares, columns);
  }
  for (; r < count; r++) {
    const float *in = rows + (indices ? (size_t)indices[r] : r) * columns;
    centred(&in, 1, shift, out + r * columns, sums, squares, columns);
  }
}

UK_DISPATCH
void uk_normalised_gradient(const float *d, float dBias, const float *mean, const float *scale,
                            float *out, size_t columns) {
  for (size_t c = 0; c < columns; c++) out[c] = uk_fma(-dBias, mean[c], d[c]) * scale[c];
}
