// The allocators of the C library, but where they fail the process ends with one line.
//
// The Swift runtime crashes when memory runs out, oneDNN reports it in ways that are easily
// overlooked, and OpenBLAS tries again for ever. Nothing here could go on without the memory.

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "csystem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_ALLOCATOR
#endif
#endif

#if defined(__GLIBC__) && !defined(HAS_OWN_ALLOCATOR)

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

// A size that no machine has comes from a damaged file or a mistake; who asks learns of it.
static int is_plausible(size_t bytes) { return bytes < (size_t)1 << 46; }

static void *checked(void *memory, size_t bytes) {
  if (!memory && bytes > 0 && is_plausible(bytes)) cs_out_of_memory(bytes);
  return memory;
}

// The Swift runtime maps memory of its own and follows a null pointer where it gets none.
static struct sigaction before;

static void on_invalid_access(int number, siginfo_t *information, void *context) {
  (void)context;
  enum { probed = 16 << 20 };
  if ((uintptr_t)information->si_addr < 4096) {
    void *memory = mmap(NULL, probed, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) cs_out_of_memory(0);
    munmap(memory, probed);
  }
  // Not for want of memory: what would have happened without us happens when the instruction is tried again.
  sigaction(number, &before, NULL);
}

__attribute__((constructor)) static void watch_invalid_accesses(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_invalid_access;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, &before);
}

void *malloc(size_t bytes) { return checked(__libc_malloc(bytes), bytes); }

void *calloc(size_t count, size_t bytes) {
  size_t all;
  int overflows = __builtin_mul_overflow(count, bytes, &all);
  return checked(__libc_calloc(count, bytes), overflows ? SIZE_MAX : all);
}

void *realloc(void *old, size_t bytes) { return checked(__libc_realloc(old, bytes), bytes); }

void *memalign(size_t alignment, size_t bytes) {
  return checked(__libc_memalign(alignment, bytes), bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  if (alignment % sizeof(void *) || (alignment & (alignment - 1)) || !alignment) return EINVAL;
  *memory = memalign(alignment, bytes);
  return *memory || bytes == 0 ? 0 : ENOMEM;
}

#endif
