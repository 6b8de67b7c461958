#include <pthread.h>
#include <stdlib.h>

#include "csystem.h"

struct work {
  void (*body)(void *);
  void *argument;
};

static void *run(void *argument) {
  struct work work = *(struct work *)argument;
  free(argument);
  work.body(work.argument);
  return NULL;
}

void cs_thread_start(size_t stack_bytes, void (*body)(void *), void *argument) {
  struct work *work = malloc(sizeof *work);
  if (!work) cs_out_of_memory(sizeof *work);
  *work = (struct work){body, argument};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, run, work)) cs_out_of_memory(stack_bytes);
  pthread_attr_destroy(&attributes);
}

// libgomp comes with oneDNN; declared here because clang ships no omp.h of its own.
extern void omp_set_num_threads(int count);

void cs_use_one_openmp_thread(void) { omp_set_num_threads(1); }
