#ifndef CKERNELS_H
#define CKERNELS_H

// Vector loops of the engine. Conventions of every kernel:
// - matrices are row-major and dense; `rows × columns`, extents in elements;
// - `uk_type` says how an array stores its elements; arithmetic is always 32-bit float;
// - bits are the same for every instruction set: sums run over 16 fixed lanes, and a
//   multiplication is fused with an addition only where the source says `fma`.

#include "activation.h"
#include "batch_norm.h"
#include "elementwise.h"
#include "half.h"
#include "head_packing.h"
#include "loss.h"
#include "neighbors.h"
#include "norm.h"
#include "optimizer.h"
#include "oriented_gradients.h"
#include "patches.h"
#include "pooling.h"
#include "rotary.h"
#include "softmax.h"
#include "types.h"
#include "unfold.h"

#endif
