#include <dnnl.h>
#include <stdlib.h>
#include <string.h>

#include "COneDNN.h"
#include "csystem.h"
#include "engine.h"

struct od_convolution {
  od_convolution_part part;
  dnnl_primitive_t primitive, reorder;
  dnnl_memory_t source, weights, bias, destination, scratch, plain;
  dnnl_memory_desc_t weights_desc;
  size_t scratch_bytes;
  int is_packed;
};

static dnnl_data_type_t data_type(int32_t type) { return type ? dnnl_bf16 : dnnl_f32; }

typedef struct {
  dnnl_memory_desc_t source, weights, plain, bias, destination;
} descriptions;

// Feature maps are channels-last; the library chooses how the weights lie.
static void describe(descriptions *d, const od_convolution_shape *s, od_convolution_part part) {
  int64_t g = s->groups, out = s->out_channels / g, in = s->in_channels / g;
  dnnl_dims_t source = {s->batch, s->in_channels, s->in_height, s->in_width};
  dnnl_dims_t destination = {s->batch, s->out_channels, s->out_height, s->out_width};
  dnnl_dims_t dense = {out, in, s->kernel_height, s->kernel_width};
  dnnl_dims_t grouped = {g, out, in, s->kernel_height, s->kernel_width};
  dnnl_data_type_t type = data_type(s->type);
  dnnl_data_type_t weights_type = part == od_weights_gradient ? dnnl_f32 : type;
  dnnl_data_type_t out_type = data_type(part == od_forward ? s->out_type : s->type);
  dnnl_memory_desc_init_by_tag(&d->source, 4, source, type, dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&d->destination, 4, destination, out_type, dnnl_nhwc);
  dnnl_memory_desc_init_by_tag(&d->weights, g > 1 ? 5 : 4, g > 1 ? grouped : dense, weights_type,
                               dnnl_format_tag_any);
  dnnl_memory_desc_init_by_tag(&d->plain, g > 1 ? 5 : 4, g > 1 ? grouped : dense, weights_type,
                               g > 1 ? dnnl_goihw : dnnl_oihw);
  dnnl_memory_desc_init_by_tag(&d->bias, 1, (dnnl_dims_t){s->out_channels}, dnnl_f32, dnnl_x);
}

static int describe_operation(dnnl_convolution_desc_t *operation, const od_convolution_shape *s,
                              od_convolution_part part, const descriptions *d) {
  dnnl_dims_t strides = {s->stride, s->stride};
  dnnl_dims_t dilation = {s->dilation - 1, s->dilation - 1};
  dnnl_dims_t padding = {s->padding, s->padding};
  switch (part) {
    case od_forward:
      return dnnl_dilated_convolution_forward_desc_init(
          operation, dnnl_forward_training, dnnl_convolution_direct, &d->source, &d->weights,
          s->has_bias ? &d->bias : NULL, &d->destination, strides, dilation, padding, padding);
    case od_source_gradient:
      return dnnl_dilated_convolution_backward_data_desc_init(
          operation, dnnl_convolution_direct, &d->source, &d->weights, &d->destination, strides,
          dilation, padding, padding);
    default:
      return dnnl_dilated_convolution_backward_weights_desc_init(
          operation, dnnl_convolution_direct, &d->source, &d->weights, NULL, &d->destination,
          strides, dilation, padding, padding);
  }
}

// A gradient's description wants that of the forward pass as a hint.
static int describe_primitive(dnnl_primitive_desc_t *description, const od_convolution_shape *s,
                              od_convolution_part part, const descriptions *d) {
  dnnl_primitive_desc_t hint = NULL;
  if (part != od_forward) {
    descriptions forward;
    od_convolution_shape plain = *s;
    plain.has_bias = plain.adds = plain.rectifies = 0;
    plain.out_type = s->type;
    describe(&forward, &plain, od_forward);
    int status = describe_primitive(&hint, &plain, od_forward, &forward);
    if (status) return status;
  }
  dnnl_convolution_desc_t operation;
  int status = describe_operation(&operation, s, part, d);
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t after;
  dnnl_primitive_attr_create(&attributes);
  dnnl_post_ops_create(&after);
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (part == od_forward && s->adds) dnnl_post_ops_append_sum(after, 1.0f);
  if (part == od_forward && s->rectifies)
    dnnl_post_ops_append_eltwise(after, 1.0f, dnnl_eltwise_relu, 0, 0);
  dnnl_primitive_attr_set_post_ops(attributes, after);
  if (!status)
    status = dnnl_primitive_desc_create(description, &operation, attributes, od_engine(), hint);
  dnnl_post_ops_destroy(after);
  dnnl_primitive_attr_destroy(attributes);
  if (hint) dnnl_primitive_desc_destroy(hint);
  return status;
}

// Between PyTorch's order of the weights and the library's; gradients are added to the former.
static int create_reorder(od_convolution *c, const dnnl_memory_desc_t *plain) {
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t after;
  dnnl_primitive_attr_create(&attributes);
  dnnl_post_ops_create(&after);
  int adds = c->part == od_weights_gradient;
  if (adds) dnnl_post_ops_append_sum(after, 1.0f);
  dnnl_primitive_attr_set_post_ops(attributes, after);
  dnnl_primitive_desc_t description = NULL;
  int status = dnnl_reorder_primitive_desc_create(
      &description, adds ? &c->weights_desc : plain, od_engine(), adds ? plain : &c->weights_desc,
      od_engine(), attributes);
  dnnl_post_ops_destroy(after);
  dnnl_primitive_attr_destroy(attributes);
  if (status) return status;
  status = dnnl_primitive_create(&c->reorder, description);
  dnnl_primitive_desc_destroy(description);
  return status;
}

static int create(od_convolution *c, const od_convolution_shape *s) {
  descriptions d;
  describe(&d, s, c->part);
  dnnl_primitive_desc_t description = NULL;
  int status = describe_primitive(&description, s, c->part, &d);
  if (status) return status;
  status = dnnl_primitive_create(&c->primitive, description);
  dnnl_query_t query =
      c->part == od_weights_gradient ? dnnl_query_diff_weights_md : dnnl_query_weights_md;
  c->weights_desc = *dnnl_primitive_desc_query_md(description, query, 0);
  dnnl_memory_desc_t scratch =
      *dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
  dnnl_primitive_desc_destroy(description);
  if (status) return status;
  c->scratch_bytes = dnnl_memory_desc_get_size(&scratch);
  c->is_packed = c->part == od_weights_gradient || !dnnl_memory_desc_equal(&c->weights_desc, &d.plain);
  dnnl_memory_create(&c->source, &d.source, od_engine(), DNNL_MEMORY_NONE);
  dnnl_memory_create(&c->weights, &c->weights_desc, od_engine(), DNNL_MEMORY_NONE);
  dnnl_memory_create(&c->plain, &d.plain, od_engine(), DNNL_MEMORY_NONE);
  dnnl_memory_create(&c->destination, &d.destination, od_engine(), DNNL_MEMORY_NONE);
  dnnl_memory_create(&c->scratch, &scratch, od_engine(), DNNL_MEMORY_NONE);
  if (c->part == od_forward && s->has_bias)
    dnnl_memory_create(&c->bias, &d.bias, od_engine(), DNNL_MEMORY_NONE);
  return c->is_packed ? create_reorder(c, &d.plain) : 0;
}

od_convolution *od_convolution_create(const od_convolution_shape *shape, od_convolution_part part) {
  od_convolution *c = calloc(1, sizeof *c);
  if (!c) return NULL;
  c->part = part;
  od_begin_making();
  int status = create(c, shape);
  od_end_making();
  if (status == dnnl_out_of_memory) cs_out_of_memory(0);
  if (status) {
    od_convolution_destroy(c);
    return NULL;
  }
  return c;
}

void od_convolution_destroy(od_convolution *c) {
  if (!c) return;
  dnnl_memory_t memories[] = {c->source,  c->weights, c->bias,
                              c->plain,   c->scratch, c->destination};
  for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
    if (memories[i]) dnnl_memory_destroy(memories[i]);
  if (c->primitive) dnnl_primitive_destroy(c->primitive);
  if (c->reorder) dnnl_primitive_destroy(c->reorder);
  free(c);
}

size_t od_convolution_scratch(const od_convolution *c) { return c->scratch_bytes; }

size_t od_convolution_packed(const od_convolution *c) {
  return c->is_packed ? dnnl_memory_desc_get_size(&c->weights_desc) : 0;
}

const char *od_convolution_implementation(const od_convolution *c) {
  const_dnnl_primitive_desc_t description = NULL;
  const char *name = NULL;
  if (dnnl_primitive_get_primitive_desc(c->primitive, &description) ||
      dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name))
    return "";
  return name;
}

uint64_t od_convolution_layout(const od_convolution *c) {
  // FNV-1a over the parts of the description that say where an element lies.
  const dnnl_memory_desc_t *d = &c->weights_desc;
  uint64_t hash = 14695981039346656037u;
  int64_t facts[4 + 2 * DNNL_MAX_NDIMS];
  int count = 0;
  facts[count++] = d->data_type;
  facts[count++] = d->format_kind;
  facts[count++] = (int64_t)dnnl_memory_desc_get_size(d);
  facts[count++] = d->format_kind == dnnl_blocked ? d->format_desc.blocking.inner_nblks : 0;
  if (d->format_kind == dnnl_blocked) {
    for (int i = 0; i < d->ndims; i++) facts[count++] = d->format_desc.blocking.strides[i];
    for (int i = 0; i < d->format_desc.blocking.inner_nblks; i++)
      facts[count++] = d->format_desc.blocking.inner_blks[i] * 16 +
                       d->format_desc.blocking.inner_idxs[i];
  }
  for (int i = 0; i < count; i++) hash = (hash ^ (uint64_t)facts[i]) * 1099511628211u;
  return hash;
}

int od_convolution_pack(od_convolution *c, const void *plain, void *packed) {
  dnnl_memory_set_data_handle(c->plain, (void *)plain);
  dnnl_memory_set_data_handle(c->weights, packed);
  dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, c->plain}, {DNNL_ARG_TO, c->weights}};
  return dnnl_primitive_execute(c->reorder, od_stream(), 2, arguments);
}

int od_convolution_add_gradient(od_convolution *c, const void *packed, float *plain) {
  dnnl_memory_set_data_handle(c->plain, plain);
  dnnl_memory_set_data_handle(c->weights, (void *)packed);
  dnnl_exec_arg_t arguments[2] = {{DNNL_ARG_FROM, c->weights}, {DNNL_ARG_TO, c->plain}};
  return dnnl_primitive_execute(c->reorder, od_stream(), 2, arguments);
}

int od_convolution_run(od_convolution *c, void *source, void *weights, const float *bias,
                       void *destination, void *scratch) {
  dnnl_memory_set_data_handle(c->source, source);
  dnnl_memory_set_data_handle(c->weights, weights);
  dnnl_memory_set_data_handle(c->destination, destination);
  dnnl_memory_set_data_handle(c->scratch, scratch);
  int to_source = c->part == od_source_gradient, to_weights = c->part == od_weights_gradient;
  int forward = c->part == od_forward;
  dnnl_exec_arg_t arguments[5] = {
      {to_source ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, c->source},
      {to_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, c->weights},
      {forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, c->destination},
      {DNNL_ARG_SCRATCHPAD, c->scratch}};
  int count = 4;
  if (c->bias) {
    dnnl_memory_set_data_handle(c->bias, (void *)bias);
    arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, c->bias};
  }
  return dnnl_primitive_execute(c->primitive, od_stream(), count, arguments);
}
