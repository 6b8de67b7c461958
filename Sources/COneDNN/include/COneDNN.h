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

// The version of the library, as "2.6.3".
void od_version(char *text, size_t capacity);

#endif
