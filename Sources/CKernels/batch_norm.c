#include "batch_norm.h"

#include "vector.h"

// Columns that are summed together, so that their double sums stay on the stack, and rows whose
// sum is kept in float.
enum { column_block = 256, row_block = 64, gathered_block = 1024 };

// Σ_r in - shift, and with `squared` Σ_r (in - shift)², over one block of columns.
UK_INLINE void column_sums(const void *in, uk_type type, const float *shift, int squared,
                           double *total, size_t rows, size_t columns, size_t first, size_t n) {
  for (size_t c = 0; c < n; c++) total[c] = 0;
  for (size_t start = 0; start < rows; start += row_block) {
    size_t end = rows - start < row_block ? rows : start + row_block;
    float part[column_block] = {0};
    for (size_t r = start; r < end; r++)
      for (size_t c = 0; c < n; c++) {
        float d = uk_load(in, r * columns + first + c, type) - (shift ? shift[first + c] : 0);
        part[c] = squared ? uk_fma(d, d, part[c]) : part[c] + d;
      }
    for (size_t c = 0; c < n; c++) total[c] += part[c];
  }
}

UK_INLINE void moments(const void *in, uk_type type, float *mean, float *variance, size_t rows,
                       size_t columns) {
  double total[column_block];
  for (size_t first = 0; first < columns; first += column_block) {
    size_t n = columns - first < column_block ? columns - first : column_block;
    column_sums(in, type, 0, 0, total, rows, columns, first, n);
    for (size_t c = 0; c < n; c++) mean[first + c] = (float)(total[c] / (double)rows);
    column_sums(in, type, mean, 1, total, rows, columns, first, n);
    for (size_t c = 0; c < n; c++) variance[first + c] = (float)(total[c] / (double)rows);
  }
}

UK_DISPATCH
void uk_column_moments(const void *in, uk_type type, float *mean, float *variance, size_t rows,
                       size_t columns) {
  if (type == uk_float32)
    moments(in, uk_float32, mean, variance, rows, columns);
  else
    moments(in, uk_bfloat16, mean, variance, rows, columns);
}

UK_INLINE const float *gathered(const float *rows, const int32_t *indices, size_t r,
                                size_t columns) {
  return rows + (indices ? (size_t)indices[r] : r) * columns;
}

// `group` rows at a time, so that the sums are loaded and stored once for all of them.
UK_INLINE void moment_sums(const float *const *in, int group, const float *shift, float *sums,
                           float *squares, size_t n) {
  for (size_t c = 0; c < n; c++) {
    float sum = sums[c], square = squares[c];
    for (int g = 0; g < group; g++) {
      float d = in[g][c] - shift[c];
      sum += d;
      square = uk_fma(d, d, square);
    }
    sums[c] = sum;
    squares[c] = square;
  }
}

UK_DISPATCH
void uk_gathered_moments(const float *rows, const int32_t *indices, size_t count, float *mean,
                         float *variance, size_t columns) {
  if (count == 0) return;
  const float *shift = gathered(rows, indices, 0, columns);
  for (size_t first = 0; first < columns; first += gathered_block) {
    size_t n = columns - first < gathered_block ? columns - first : gathered_block;
    double sum_total[gathered_block] = {0}, square_total[gathered_block] = {0};
    for (size_t start = 0; start < count; start += row_block) {
      size_t end = count - start < row_block ? count : start + row_block;
      float sums[gathered_block] = {0}, squares[gathered_block] = {0};
      const float *in[4];
      size_t r = start;
      for (; r + 4 <= end; r += 4) {
        for (int g = 0; g < 4; g++) in[g] = gathered(rows, indices, r + g, columns) + first;
        moment_sums(in, 4, shift + first, sums, squares, n);
      }
      for (; r < end; r++) {
        in[0] = gathered(rows, indices, r, columns) + first;
        moment_sums(in, 1, shift + first, sums, squares, n);
      }
      for (size_t c = 0; c < n; c++) {
        sum_total[c] += sums[c];
        square_total[c] += squares[c];
      }
    }
    for (size_t c = 0; c < n; c++) {
      double average = sum_total[c] / (double)count;
      double spread = square_total[c] / (double)count - average * average;
      mean[first + c] = (float)(average + shift[first + c]);
      variance[first + c] = (float)(spread > 0 ? spread : 0);
    }
  }
}

UK_DISPATCH
void uk_gathered_standardise(const float *rows, const int32_t *indices, size_t count,
                             const float *mean, const float *scale, float *out, size_t columns) {
  for (size_t r = 0; r < count; r++) {
    const float *in = gathered(rows, indices, r, columns);
    for (size_t c = 0; c < columns; c++) out[r * columns + c] = (in[c] - mean[c]) * scale[c];
  }
}

UK_INLINE void scale_shift(const void *in, uk_type in_type, const float *scale, const float *shift,
                           const void *residual, int rectify, void *out, uk_type out_type,
                           size_t rows, size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) {
      size_t i = r * columns + c;
      float value = uk_fma(uk_load(in, i, in_type), scale[c], shift[c]);
      if (residual) value += uk_load(residual, i, out_type);
      if (rectify) value = value < 0 ? 0 : value;
      uk_store(out, i, out_type, value);
    }
}

UK_DISPATCH
void uk_scale_shift(const void *in, uk_type in_type, const float *scale, const float *shift,
                    const void *residual, int rectify, void *out, uk_type out_type, size_t rows,
                    size_t columns) {
#define SCALE(IN, OUT, RESIDUAL, RECTIFY) \
  scale_shift(in, IN, scale, shift, RESIDUAL, RECTIFY, out, OUT, rows, columns)
  // The usual cases are compiled apart so that their inner loops have no branches.
  if (in_type == uk_float32 && out_type == uk_float32 && !residual && !rectify)
    SCALE(uk_float32, uk_float32, 0, 0);
  else if (in_type == uk_float32 && out_type == uk_float32 && !residual)
    SCALE(uk_float32, uk_float32, 0, 1);
  else if (in_type == uk_float32 && out_type == uk_float32)
    SCALE(uk_float32, uk_float32, residual, rectify);
  else if (in_type == uk_bfloat16 && out_type == uk_bfloat16 && !residual)
    SCALE(uk_bfloat16, uk_bfloat16, 0, rectify);
  else if (in_type == uk_bfloat16 && out_type == uk_bfloat16)
    SCALE(uk_bfloat16, uk_bfloat16, residual, rectify);
  else
    SCALE(in_type, out_type, residual, rectify);
}

UK_INLINE void sums(const void *dOut, uk_type dOut_type, const void *in, uk_type in_type,
                    const float *mean, float *plain, float *along, size_t rows, size_t columns) {
  for (size_t first = 0; first < columns; first += column_block) {
    size_t n = columns - first < column_block ? columns - first : column_block;
    double plain_total[column_block] = {0}, along_total[column_block] = {0};
    for (size_t start = 0; start < rows; start += row_block) {
      size_t end = rows - start < row_block ? rows : start + row_block;
      float plain_part[column_block] = {0}, along_part[column_block] = {0};
      for (size_t r = start; r < end; r++)
        for (size_t c = 0; c < n; c++) {
          size_t i = r * columns + first + c;
          float d = uk_load(dOut, i, dOut_type);
          plain_part[c] += d;
          along_part[c] = uk_fma(d, uk_load(in, i, in_type) - mean[first + c], along_part[c]);
        }
      for (size_t c = 0; c < n; c++) {
        plain_total[c] += plain_part[c];
        along_total[c] += along_part[c];
      }
    }
    for (size_t c = 0; c < n; c++) {
      plain[first + c] = (float)plain_total[c];
      along[first + c] = (float)along_total[c];
    }
  }
}

UK_DISPATCH
void uk_batch_norm_sums(const void *dOut, uk_type dOut_type, const void *in, uk_type in_type,
                        const float *mean, float *plain, float *along, size_t rows,
                        size_t columns) {
#define SUMS(OUT, IN) sums(dOut, OUT, in, IN, mean, plain, along, rows, columns)
  if (dOut_type == uk_float32 && in_type == uk_float32)
    SUMS(uk_float32, uk_float32);
  else if (dOut_type == uk_bfloat16 && in_type == uk_bfloat16)
    SUMS(uk_bfloat16, uk_bfloat16);
  else
    SUMS(dOut_type, in_type);
}

UK_INLINE void backward(const void *dOut, uk_type dOut_type, const void *in, uk_type in_type,
                        const float *mean, const float *factor, const float *slope,
                        const float *offset, void *dIn, int accumulate, size_t rows,
                        size_t columns) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++) {
      size_t i = r * columns + c;
      float value = uk_fma(factor[c], uk_load(dOut, i, dOut_type), -offset[c]);
      value = uk_fma(-slope[c], uk_load(in, i, in_type) - mean[c], value);
      if (accumulate) value += uk_load(dIn, i, in_type);
      uk_store(dIn, i, in_type, value);
    }
}

UK_DISPATCH
void uk_batch_norm_backward(const void *dOut, uk_type dOut_type, const void *in, uk_type in_type,
                            const float *mean, const float *factor, const float *slope,
                            const float *offset, void *dIn, int accumulate, size_t rows,
                            size_t columns) {
#define GRADIENT(OUT, IN, ACCUMULATE)                                                       \
  backward(dOut, OUT, in, IN, mean, factor, slope, offset, dIn, ACCUMULATE, rows, columns)
  if (dOut_type == uk_float32 && in_type == uk_float32 && !accumulate)
    GRADIENT(uk_float32, uk_float32, 0);
  else if (dOut_type == uk_bfloat16 && in_type == uk_bfloat16 && !accumulate)
    GRADIENT(uk_bfloat16, uk_bfloat16, 0);
  else
    GRADIENT(dOut_type, in_type, accumulate);
}
