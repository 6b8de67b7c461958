#include "neighbors.h"

#include <stdlib.h>

#include "vector.h"

// Nearer first; of equal values the lower index.
UK_INLINE int is_before(uk_neighbor a, uk_neighbor b) {
  return a.value > b.value || (a.value == b.value && a.index < b.index);
}

static int compare(const void *a, const void *b) {
  const uk_neighbor *left = a, *right = b;
  return is_before(*left, *right) ? -1 : is_before(*right, *left) ? 1 : 0;
}

UK_INLINE void swap(uk_neighbor *a, uk_neighbor *b) {
  uk_neighbor spare = *a;
  *a = *b;
  *b = spare;
}

// Moves the `keep` nearest of `count` > `keep` to the front, the last of them to keep - 1
// (Hoare's selection, the pivot in the middle).
static void select_nearest(uk_neighbor *found, size_t count, size_t keep) {
  ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, wanted = (ptrdiff_t)keep - 1;
  while (low < high) {
    uk_neighbor pivot = found[low + (high - low) / 2];
    ptrdiff_t left = low, right = high;
    while (left <= right) {
      while (is_before(found[left], pivot)) left++;
      while (is_before(pivot, found[right])) right--;
      if (left <= right) swap(&found[left++], &found[right--]);
    }
    if (wanted <= right)
      high = right;
    else if (wanted >= left)
      low = left;
    else
      return;
  }
}

UK_DISPATCH
void uk_nearest_update(const float *row, const float *scale, size_t count, int32_t first,
                       uk_neighbor *found, size_t *found_count, float *threshold, size_t keep,
                       size_t capacity) {
  size_t filled = *found_count;
  float limit = *threshold;
  for (size_t start = 0; start < count; start += UK_LANES) {
    size_t lanes = count - start < UK_LANES ? count - start : UK_LANES;
    float values[UK_LANES];
    uint32_t any = 0;
    if (lanes == UK_LANES) {
      for (int l = 0; l < UK_LANES; l++) {
        values[l] = row[start + l] * scale[start + l];
        any |= values[l] > limit;
      }
      if (!any) continue;
    } else {
      for (size_t l = 0; l < lanes; l++) values[l] = row[start + l] * scale[start + l];
    }
    for (size_t l = 0; l < lanes; l++) {
      if (!(values[l] > limit)) continue;
      found[filled++] = (uk_neighbor){values[l], first + (int32_t)(start + l)};
      if (filled == capacity) {
        select_nearest(found, filled, keep);
        filled = keep;
        limit = found[keep - 1].value;
      }
    }
  }
  *found_count = filled;
  *threshold = limit;
}

size_t uk_nearest_finish(uk_neighbor *found, size_t found_count, size_t keep) {
  size_t kept = found_count < keep ? found_count : keep;
  if (found_count > keep) select_nearest(found, found_count, keep);
  qsort(found, kept, sizeof *found, compare);
  return kept;
}
