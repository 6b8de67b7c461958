#include "probes.h"

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

// Columns that are handled together, so that their sums stay in registers.
#define GROUP 16

UK_INLINE void softmax_group(float *values, size_t rows, size_t columns, size_t width) {
  float peak[GROUP], total[GROUP];
  for (size_t c = 0; c < width; c++) {
    peak[c] = values[c];
    total[c] = 0;
  }
  for (size_t r = 1; r < rows; r++)
    for (size_t c = 0; c < width; c++) {
      float value = values[r * columns + c];
      peak[c] = value > peak[c] ? value : peak[c];
    }
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++) {
      float value = uk_exp(values[r * columns + c] - peak[c]);
      values[r * columns + c] = value;
      total[c] += value;
    }
  for (size_t c = 0; c < width; c++) total[c] = 1.0f / total[c];
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++) values[r * columns + c] *= total[c];
}

UK_DISPATCH
void uk_column_softmax(float *values, size_t rows, size_t columns) {
  if (rows == 0) return;
  size_t c = 0;
  for (; c + GROUP <= columns; c += GROUP) softmax_group(values + c, rows, columns, GROUP);
  if (c < columns) softmax_group(values + c, rows, columns, columns - c);
}

UK_INLINE void softmax_backward_group(const float *p, float *d, size_t rows, size_t columns,
                                      size_t width) {
  float sums[GROUP] = {0};
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++)
      sums[c] = uk_fma(p[r * columns + c], d[r * columns + c], sums[c]);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < width; c++)
      d[r * columns + c] = p[r * columns + c] * (d[r * columns + c] - sums[c]);
}

UK_DISPATCH
void uk_column_softmax_backward(const float *p, float *d, size_t rows, size_t columns) {
  size_t c = 0;
  for (; c + GROUP <= columns; c += GROUP)
    softmax_backward_group(p + c, d + c, rows, columns, GROUP);
  if (c < columns) softmax_backward_group(p + c, d + c, rows, columns, columns - c);
}

UK_DISPATCH
void uk_affine_columns(const float *in, const float *gain, const float *bias, float *out,
                       size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      out[r * columns + c] = uk_fma(in[r * columns + c], gain[c], bias[c]);
}

UK_DISPATCH
void uk_batch_moments(const float *in, float *mean, float *variance, size_t rows, size_t columns) {
  enum { block = 64 };
  for (size_t start = 0; start < columns; start += block) {
    size_t width = columns - start < block ? columns - start : block;
    double sums[block] = {0}, squares[block] = {0};
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < width; c++) sums[c] += (double)in[r * columns + start + c];
    for (size_t c = 0; c < width; c++) sums[c] /= (double)rows;
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < width; c++) {
        double distance = (double)in[r * columns + start + c] - sums[c];
        squares[c] += distance * distance;
      }
    for (size_t c = 0; c < width; c++) {
      mean[start + c] = (float)sums[c];
      variance[start + c] = (float)(squares[c] / (double)rows);
    }
  }
}

UK_DISPATCH
void uk_standardise_columns(float *values, const float *mean, const float *scale, size_t rows,
                            size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++)
      values[r * columns + c] = (values[r * columns + c] - mean[c]) * scale[c];
}

UK_DISPATCH
void uk_standardise_backward(float *d, const float *y, const float *scale, const float *dSum,
                             const float *dProduct, float share, size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) {
      size_t i = r * columns + c;
      float centred = uk_fma(-share, dSum[c], d[i]);
      d[i] = scale[c] * uk_fma(-y[i], share * dProduct[c], centred);
    }
}
