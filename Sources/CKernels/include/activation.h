#ifndef UK_ACTIVATION_H
#define UK_ACTIVATION_H

#include "types.h"

// Which function an MLP applies between its two layers.
typedef enum {
  uk_gelu = 0,        // x·Φ(x), Φ through erf (Hendrycks & Gimpel 2016)
  uk_gelu_tanh = 1,   // its tanh approximation
  uk_quick_gelu = 2,  // x·sigmoid(1.702 x)
  uk_silu = 3,        // x·sigmoid(x)
  uk_relu = 4
} uk_activation;

// out[i] = f(in[i]); `in` and `out` may be the same array.
void uk_activate(uk_activation f, const void *in, void *out, uk_type type, size_t count);

// dIn[r, c] = dOut[r, c] · f'(in[r, c]); dBias[c] += Σ_r dIn[r, c] unless dBias is NULL.
// `dOut` and `dIn` may be the same array.
void uk_activate_backward(uk_activation f, const void *in, const void *dOut, void *dIn,
                          uk_type type, float *dBias, size_t rows, size_t columns);

#endif
