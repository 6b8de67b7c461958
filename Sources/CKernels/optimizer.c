#include "optimizer.h"

#include <math.h>

#include "vector.h"

UK_DISPATCH
double uk_sum_squares(const float *in, size_t count) {
  double lanes[UK_LANES] = {0};
  size_t i = 0;
  for (; i + UK_LANES <= count; i += UK_LANES)
    for (int l = 0; l < UK_LANES; l++) lanes[l] += (double)in[i + l] * in[i + l];
  for (; i < count; i++) lanes[i % UK_LANES] += (double)in[i] * in[i];
  double sum = 0;
  for (int l = 0; l < UK_LANES; l++) sum += lanes[l];
  return sum;
}

UK_DISPATCH
void uk_adamw(float *weights, const float *gradient, float *m, float *v, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2,
              size_t count) {
  float keep = 1 - rate * decay, step = rate / correction1, root = 1 / sqrtf(correction2);
  for (size_t i = 0; i < count; i++) {
    float g = gradient[i];
    m[i] = beta1 * m[i] + (1 - beta1) * g;
    v[i] = beta2 * v[i] + (1 - beta2) * g * g;
    weights[i] = weights[i] * keep - step * m[i] / (sqrtf(v[i]) * root + epsilon);
  }
}

UK_DISPATCH
void uk_sgd(float *weights, const float *gradient, float *buffer, float rate, float momentum,
            float decay, float scale, int nesterov, size_t count) {
  // Weights move along `ahead · g + along · b`.
  float ahead = nesterov ? 1 : 0, along = nesterov ? momentum : 1;
  for (size_t i = 0; i < count; i++) {
    float g = scale * gradient[i] + decay * weights[i];
    buffer[i] = momentum * buffer[i] + g;
    weights[i] -= rate * (ahead * g + along * buffer[i]);
  }
}

UK_DISPATCH
void uk_approach(float *values, const float *goal, float share, size_t count) {
  for (size_t i = 0; i < count; i++) values[i] += share * (goal[i] - values[i]);
}
