#ifndef OD_ENGINE_H
#define OD_ENGINE_H

#include <dnnl.h>

// The processor, and the calling thread's queue on it; made on first use.
dnnl_engine_t od_engine(void);
dnnl_stream_t od_stream(void);

#endif
