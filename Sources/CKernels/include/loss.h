#ifndef UK_LOSS_H
#define UK_LOSS_H

#include "types.h"

// How far a prediction is from its target.
typedef enum { uk_squared = 0, uk_absolute = 1, uk_smooth = 2 } uk_distance;

// Returns Σ distance(in[i] - target[i]) and writes dIn[i] = scale · distance'; dIn may be NULL.
// smooth: d²/(2β) for |d| < β, else |d| - β/2 (Girshick 2015).
double uk_regression_loss(uk_distance distance, float beta, const float *in, const float *target,
                          float scale, float *dIn, size_t count);

// Returns Σ_r -log softmax(in[r, :]) · target; softmax[2r] and [2r + 1] become the row's peak and 1 / Σ e^(in - peak).
// target: class labels[r / group], smoothed by `smoothing` (Szegedy et al. 2016). softmax may be NULL.
double uk_cross_entropy(const float *in, const int32_t *labels, size_t group, float smoothing,
                        float *softmax, size_t rows, size_t columns);

// dIn[r, :] (+)= scale · (softmax - target), from what the forward pass kept.
void uk_cross_entropy_backward(const float *in, const int32_t *labels, size_t group,
                               float smoothing, float scale, const float *softmax, float *dIn,
                               int accumulate, size_t rows, size_t columns);

#endif
