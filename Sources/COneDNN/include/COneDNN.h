#ifndef CONEDNN_H
#define CONEDNN_H

// A narrow door to oneDNN: its descriptors are C arrays and its version 2 and 3 interfaces differ,
// so the shim builds primitives from plain structs. Every function that can fail returns NULL or
// a non-zero oneDNN status. A primitive may be used by one thread at a time.

#include <stddef.h>
#include <stdint.h>

// What a product does with what its destination, or a second matrix, holds.
typedef enum { od_overwrite = 0, od_accumulate = 1, od_add_matrix = 2 } od_addition;

// c[b0, b1, i, j] = Σ_k a[b0, b1, i, k] · b[b0, b1, k, j] (+ bias[j]) (+ c or d).
// Strides are in elements, in the order of those indices. Types: 0 float32, 1 bfloat16.
typedef struct {
  int64_t batch0, batch1, rows, columns, inner;
  int64_t a_strides[4], b_strides[4], c_strides[4];
  int32_t a_type, b_type, c_type;
  int32_t has_bias;  // float32 [columns]
  int32_t addition;  // od_addition; the added matrix d is float32 with the strides of c
} od_product_shape;

typedef struct od_product od_product;

od_product *od_product_create(const od_product_shape *shape);
void od_product_destroy(od_product *product);

// Bytes of scratch memory that a run needs.
size_t od_product_scratch(const od_product *product);

int od_product_run(od_product *product, const void *a, const void *b, void *c, const float *bias,
                   const float *d, void *scratch);

// Which of a convolution's three computations a primitive does.
typedef enum { od_forward = 0, od_source_gradient = 1, od_weights_gradient = 2 } od_convolution_part;

// A two-dimensional cross-correlation. Source and destination are channels-last; weights are
// [out, in / groups, kernel_height, kernel_width], which the library packs as it likes best.
typedef struct {
  int64_t batch, groups;
  int64_t in_channels, in_height, in_width;
  int64_t out_channels, out_height, out_width;
  int64_t kernel_height, kernel_width, stride, padding, dilation;  // dilation 1: dense
  int32_t type, out_type;  // of source and weights; of the destination (forward only)
  int32_t has_bias;        // float32 [out_channels]
  int32_t adds;            // the destination's values are added before rectifying
  int32_t rectifies;       // max(·, 0) at the end
} od_convolution_shape;

typedef struct od_convolution od_convolution;

od_convolution *od_convolution_create(const od_convolution_shape *shape, od_convolution_part part);
void od_convolution_destroy(od_convolution *convolution);

// Bytes of scratch memory that a run needs, and of packed weights (0: they are used as they are).
size_t od_convolution_scratch(const od_convolution *convolution);
size_t od_convolution_packed(const od_convolution *convolution);

// The name of the library's implementation, as "jit:avx2".
const char *od_convolution_implementation(const od_convolution *convolution);

// Equal for convolutions that can share packed weights of one parameter.
uint64_t od_convolution_layout(const od_convolution *convolution);

// Packs weights for the first two parts; adds the packed gradient of the third to a plain one.
int od_convolution_pack(od_convolution *convolution, const void *plain, void *packed);
int od_convolution_add_gradient(od_convolution *convolution, const void *packed, float *plain);

// Writes the destination, the source's gradient or the packed weights' gradient from the others;
// of a gradient's part `destination` is the gradient that arrives, in the source's type.
int od_convolution_run(od_convolution *convolution, void *source, void *weights, const float *bias,
                       void *destination, void *scratch);

// The version of the library, as "2.6.3".
void od_version(char *text, size_t capacity);

#endif
