#ifndef UK_OPTIMIZER_H
#define UK_OPTIMIZER_H

#include "types.h"

// Σ in[i]², accumulated in double over 16 fixed lanes.
double uk_sum_squares(const float *in, size_t count);

// One step of AdamW with decoupled decay (Loshchilov & Hutter 2019), in one pass:
// m ← β₁m + (1-β₁)g; v ← β₂v + (1-β₂)g²; w ← w·(1 - rate·decay) - rate/(1-β₁ᵗ) · m/(√(v/(1-β₂ᵗ)) + ε).
void uk_adamw(float *weights, const float *gradient, float *m, float *v, float rate, float beta1,
              float beta2, float epsilon, float decay, float correction1, float correction2,
              size_t count);

// One step of SGD with momentum: g ← scale·g + decay·w; b ← momentum·b + g; w ← w - rate·b, or, after Nesterov,
// w ← w - rate·(g + momentum·b).
void uk_sgd(float *weights, const float *gradient, float *buffer, float rate, float momentum,
            float decay, float scale, int nesterov, size_t count);

// values[i] += share · (goal[i] - values[i])
void uk_approach(float *values, const float *goal, float share, size_t count);

#endif
