#ifndef UK_DISPATCH_H
#define UK_DISPATCH_H

// Each kernel is compiled for three instruction sets and chosen when the program starts.
// Contraction stays off everywhere (see CKernels.h), so the clones compute the same bits.
#if defined(__x86_64__) && defined(__linux__)
#define UK_DISPATCH \
  __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define UK_DISPATCH
#endif

#endif
