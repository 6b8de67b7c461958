#include "engine.h"

#include <pthread.h>

static dnnl_engine_t engine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local dnnl_stream_t stream;

static void create_engine(void) { dnnl_engine_create(&engine, dnnl_cpu, 0); }

dnnl_engine_t od_engine(void) {
  pthread_once(&once, create_engine);
  return engine;
}

dnnl_stream_t od_stream(void) {
  if (!stream) dnnl_stream_create(&stream, od_engine(), dnnl_stream_default_flags);
  return stream;
}
