#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>

#include "COneDNN.h"
#include "csystem.h"
#include "engine.h"

struct od_product {
  dnnl_primitive_t primitive;
  dnnl_memory_t a, b, c, bias, d, scratch;
  size_t scratch_bytes;
};

static dnnl_data_type_t data_type(int32_t type) { return type ? dnnl_bf16 : dnnl_f32; }

// A matrix without its batch indices when there is only one: oneDNN's fastest path is 2-D.
static void describe(dnnl_memory_desc_t *desc, int flat, const int64_t dims[4],
                     const int64_t strides[4], int32_t type) {
  int skip = flat ? 2 : 0;
  dnnl_dims_t d, s;
  for (int i = skip; i < 4; i++) {
    d[i - skip] = dims[i];
    s[i - skip] = strides[i];
  }
  dnnl_memory_desc_init_by_strides(desc, 4 - skip, d, data_type(type), s);
}

static int create(od_product *product, const od_product_shape *p) {
  int flat = p->batch0 == 1 && p->batch1 == 1;
  dnnl_memory_desc_t a, b, c, bias, d;
  describe(&a, flat, (int64_t[]){p->batch0, p->batch1, p->rows, p->inner}, p->a_strides, p->a_type);
  describe(&b, flat, (int64_t[]){p->batch0, p->batch1, p->inner, p->columns}, p->b_strides,
           p->b_type);
  int64_t c_dims[4] = {p->batch0, p->batch1, p->rows, p->columns};
  describe(&c, flat, c_dims, p->c_strides, p->c_type);
  describe(&d, flat, c_dims, p->c_strides, 0);
  describe(&bias, flat, (int64_t[]){1, 1, 1, p->columns},
           (int64_t[]){p->columns, p->columns, p->columns, 1}, 0);

  dnnl_matmul_desc_t operation;
  int status = dnnl_matmul_desc_init(&operation, &a, &b, p->has_bias ? &bias : NULL, &c);
  if (status) return status;
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t after;
  dnnl_primitive_attr_create(&attributes);
  dnnl_post_ops_create(&after);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (p->addition == od_accumulate) dnnl_post_ops_append_sum(after, 1.0f);
  if (p->addition == od_add_matrix) dnnl_post_ops_append_binary(after, dnnl_binary_add, &d);
  dnnl_primitive_attr_set_post_ops(attributes, after);
  dnnl_primitive_desc_t description = NULL;
  status = dnnl_primitive_desc_create(&description, &operation, attributes, od_engine(), NULL);
  dnnl_post_ops_destroy(after);
  dnnl_primitive_attr_destroy(attributes);
  if (status) return status;
  status = dnnl_primitive_create(&product->primitive, description);
  if (!status) {
    const dnnl_memory_desc_t *scratch =
        dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    product->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    dnnl_memory_create(&product->a, &a, od_engine(), DNNL_MEMORY_NONE);
    dnnl_memory_create(&product->b, &b, od_engine(), DNNL_MEMORY_NONE);
    dnnl_memory_create(&product->c, &c, od_engine(), DNNL_MEMORY_NONE);
    dnnl_memory_create(&product->scratch, scratch, od_engine(), DNNL_MEMORY_NONE);
    if (p->has_bias) dnnl_memory_create(&product->bias, &bias, od_engine(), DNNL_MEMORY_NONE);
    if (p->addition == od_add_matrix)
      dnnl_memory_create(&product->d, &d, od_engine(), DNNL_MEMORY_NONE);
  }
  dnnl_primitive_desc_destroy(description);
  return status;
}

od_product *od_product_create(const od_product_shape *shape) {
  od_product *product = calloc(1, sizeof *product);
  if (!product) return NULL;
  od_begin_making();
  int status = create(product, shape);
  od_end_making();
  if (!status) return product;
  if (status == dnnl_out_of_memory) cs_out_of_memory(0);
  od_product_destroy(product);
  return NULL;
}

void od_product_destroy(od_product *product) {
  if (!product) return;
  dnnl_memory_t memories[] = {product->a,    product->b, product->c,
                              product->bias, product->d, product->scratch};
  for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
    if (memories[i]) dnnl_memory_destroy(memories[i]);
  if (product->primitive) dnnl_primitive_destroy(product->primitive);
  free(product);
}

size_t od_product_scratch(const od_product *product) { return product->scratch_bytes; }

int od_product_run(od_product *p, const void *a, const void *b, void *c, const float *bias,
                   const float *d, void *scratch) {
  dnnl_memory_set_data_handle(p->a, (void *)a);
  dnnl_memory_set_data_handle(p->b, (void *)b);
  dnnl_memory_set_data_handle(p->c, c);
  dnnl_memory_set_data_handle(p->scratch, scratch);
  dnnl_exec_arg_t arguments[6] = {{DNNL_ARG_SRC, p->a},
                                  {DNNL_ARG_WEIGHTS, p->b},
                                  {DNNL_ARG_DST, p->c},
                                  {DNNL_ARG_SCRATCHPAD, p->scratch}};
  int count = 4;
  if (p->bias) {
    dnnl_memory_set_data_handle(p->bias, (void *)bias);
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, p->bias};
  }
  if (p->d) {
    dnnl_memory_set_data_handle(p->d, (void *)d);
    arguments[count++] =
        (dnnl_exec_arg_t){DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, p->d};
  }
  return dnnl_primitive_execute(p->primitive, od_stream(), count, arguments);
}

void od_version(char *text, size_t capacity) {
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, capacity, "%d.%d.%d", version->major, version->minor, version->patch);
}
