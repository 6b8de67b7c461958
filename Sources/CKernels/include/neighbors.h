#ifndef UK_NEIGHBORS_H
#define UK_NEIGHBORS_H

#include "types.h"

// One candidate: how near it is (greater is nearer) and which item it is.
typedef struct {
  float value;
  int32_t index;
} uk_neighbor;

// Takes the items first … first + count - 1 into the candidates of one query.
// An item's value is row[i] · scale[i]. The `keep` greatest survive; of equal values the lower
// index does, provided that items come in ascending order. `found` has room for `capacity` >
// `keep`; `found_count` and `threshold` are the state, 0 and -infinity at the start.
void uk_nearest_update(const float *row, const float *scale, size_t count, int32_t first,
                       uk_neighbor *found, size_t *found_count, float *threshold, size_t keep,
                       size_t capacity);

// Leaves the `keep` nearest, nearest first; returns how many there are.
size_t uk_nearest_finish(uk_neighbor *found, size_t found_count, size_t keep);

#endif
