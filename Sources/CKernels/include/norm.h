#ifndef UK_NORM_H
#define UK_NORM_H

#include "types.h"

// out[r, :] = (in[r, :] - mean_r) / sqrt(variance_r + epsilon) · gain + bias (Ba et al. 2016),
// biased variance; `mean` and `inverse_deviation` ([rows]) are kept for the backward pass.
void uk_layer_norm(const float *in, const float *gain, const float *bias, float epsilon, void *out,
                   uk_type out_type, float *mean, float *inverse_deviation, size_t rows,
                   size_t columns);

// dIn (+)= the gradient through the normalisation; dGain, dBias ([columns]) are added to
// unless NULL. `accumulate` says whether dIn is added to or overwritten.
void uk_layer_norm_backward(const float *in, const float *gain, const float *mean,
                            const float *inverse_deviation, const void *dOut, uk_type dOut_type,
                            float *dIn, int accumulate, float *dGain, float *dBias, size_t rows,
                            size_t columns);

// The gain and bias of a norm, folded into the linear layer behind it:
// out[r, c] = weights[r, c] · gain[c], out_bias[r] = bias[r] + Σ_c weights[r, c] · shift[c].
void uk_fold_norm(const float *weights, const float *bias, const float *gain, const float *shift,
                  float *out, float *out_bias, size_t rows, size_t columns);

// From the gradients of the folded layer: dWeights[r, c] += dOut[r, c] · gain[c] + dBias[r] · shift[c],
// dGain[c] += Σ_r dOut[r, c] · weights[r, c], dShift[c] += Σ_r dBias[r] · weights[r, c]; each may be NULL.
void uk_fold_norm_backward(const float *weights, const float *gain, const float *shift,
                           const float *dOut, const float *dBias, float *dWeights, float *dGain,
                           float *dShift, size_t rows, size_t columns);

#endif
