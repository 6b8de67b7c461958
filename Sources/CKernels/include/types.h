#ifndef UK_TYPES_H
#define UK_TYPES_H

#include <stddef.h>
#include <stdint.h>

// How an array stores its elements.
typedef enum { uk_float32 = 0, uk_bfloat16 = 1 } uk_type;

#endif
