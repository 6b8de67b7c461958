#ifndef UK_PATCHES_H
#define UK_PATCHES_H

#include "types.h"

// Rows of a patch matrix: out[n, (c, y, x)] for the patches `order[n]` (raster index) of one image.
// image is [channels, side_y, side_x]; a patch has patch_y × patch_x pixels. `order` NULL: all.
// This is the layout of a convolution kernel [width, channels, patch, patch].
void uk_patches(const float *image, size_t channels, size_t height, size_t width, size_t patch,
                const int32_t *order, size_t count, void *out, uk_type out_type);

// Targets of masked autoencoding: out[n, (y, x, c)] (channel fastest) of patch order[n]; when
// `normalise`, each row becomes (t - mean) / sqrt(variance + 1e-6) with the unbiased variance
// (He et al. 2022, section 4).
void uk_patch_targets(const float *image, size_t channels, size_t height, size_t width,
                      size_t patch, const int32_t *order, size_t count, int normalise, float *out);

#endif
