#include "engine.h"

#include <pthread.h>

static dnnl_engine_t engine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local dnnl_stream_t stream;
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

// libgomp comes with oneDNN; declared here because clang ships no omp.h of its own.
extern void omp_set_num_threads(int count);

static void create_engine(void) { dnnl_engine_create(&engine, dnnl_cpu, 0); }

dnnl_engine_t od_engine(void) {
  static _Thread_local int is_prepared;
  if (!is_prepared) {
    // Products are single-threaded on every thread, whoever started it: a primitive divides its work, and
    // so its sums, by the number of threads it finds when it is created, and is wrong where it runs
    // with another number. Whoever creates or runs one comes by here first.
    omp_set_num_threads(1);
    is_prepared = 1;
  }
  pthread_once(&once, create_engine);
  return engine;
}

dnnl_stream_t od_stream(void) {
  if (!stream) dnnl_stream_create(&stream, od_engine(), dnnl_stream_default_flags);
  return stream;
}

void od_begin_making(void) { pthread_mutex_lock(&making); }

void od_end_making(void) { pthread_mutex_unlock(&making); }
