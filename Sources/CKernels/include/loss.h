#ifndef UK_LOSS_H
#define UK_LOSS_H

#include "types.h"

// How far a prediction is from its target.
typedef enum { uk_squared = 0, uk_absolute = 1, uk_smooth = 2 } uk_distance;

// Returns Σ distance(in[i] - target[i]) and writes dIn[i] = scale · distance'; dIn may be NULL.
// smooth: d²/(2β) for |d| < β, else |d| - β/2 (Girshick 2015).
double uk_regression_loss(uk_distance distance, float beta, const float *in, const float *target,
                          float scale, float *dIn, size_t count);

// Returns Σ_r -log softmax(in[r, :]) · target and writes dIn = scale · (softmax - target).
// target: class index per row, smoothed by `smoothing` (Szegedy et al. 2016). dIn may be NULL.
double uk_cross_entropy(const float *in, const int32_t *labels, float smoothing, float scale,
                        float *dIn, size_t rows, size_t columns);

#endif
