#include "loss.h"

#include <math.h>

#include "vector.h"

double uk_regression_loss(uk_distance distance, float beta, const float *in, const float *target,
                          float scale, float *dIn, size_t count) {
  double lanes[UK_LANES] = {0};
  for (size_t i = 0; i < count; i++) {
    float d = in[i] - target[i], loss, slope;
    float magnitude = fabsf(d), sign = d > 0 ? 1.0f : d < 0 ? -1.0f : 0.0f;
    if (distance == uk_squared) {
      loss = d * d;
      slope = 2 * d;
    } else if (distance == uk_absolute || magnitude >= beta) {
      loss = distance == uk_absolute ? magnitude : magnitude - 0.5f * beta;
      slope = sign;
    } else {
      loss = 0.5f * d * d / beta;
      slope = d / beta;
    }
    lanes[i % UK_LANES] += loss;
    if (dIn) dIn[i] = scale * slope;
  }
  double sum = 0;
  for (int l = 0; l < UK_LANES; l++) sum += lanes[l];
  return sum;
}

UK_DISPATCH
double uk_cross_entropy(const float *in, const int32_t *labels, size_t group, float smoothing,
                        float *softmax, size_t rows, size_t columns) {
  double loss = 0;
  for (size_t r = 0; r < rows; r++) {
    const float *x = in + r * columns;
    float peak = x[0];
    for (size_t c = 1; c < columns; c++) peak = x[c] > peak ? x[c] : peak;
    float lanes[UK_LANES] = {0};
    double mean = 0;
    size_t c = 0;
    for (; c + UK_LANES <= columns; c += UK_LANES)
      for (int l = 0; l < UK_LANES; l++) lanes[l] += uk_exp(x[c + l] - peak);
    for (; c < columns; c++) lanes[c % UK_LANES] += uk_exp(x[c] - peak);
    float total = uk_fold(lanes);
    if (smoothing > 0)
      for (c = 0; c < columns; c++) mean += x[c];
    float even = smoothing / (float)columns;
    double log_total = log(total) + peak;
    loss += log_total - (1 - smoothing) * x[labels[r / group]] - (smoothing > 0 ? even * mean : 0);
    if (!softmax) continue;
    softmax[2 * r] = peak;
    softmax[2 * r + 1] = 1.0f / total;
  }
  return loss;
}

UK_DISPATCH
void uk_cross_entropy_backward(const float *in, const int32_t *labels, size_t group,
                               float smoothing, float scale, const float *softmax, float *dIn,
                               int accumulate, size_t rows, size_t columns) {
  float even = smoothing / (float)columns;
  for (size_t r = 0; r < rows; r++) {
    const float *x = in + r * columns;
    float *d = dIn + r * columns;
    float peak = softmax[2 * r], inverse = softmax[2 * r + 1];
    if (accumulate)
      for (size_t c = 0; c < columns; c++) d[c] += scale * (uk_exp(x[c] - peak) * inverse - even);
    else
      for (size_t c = 0; c < columns; c++) d[c] = scale * (uk_exp(x[c] - peak) * inverse - even);
    d[labels[r / group]] -= scale * (1 - smoothing);
  }
}
