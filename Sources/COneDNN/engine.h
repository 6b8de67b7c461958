#ifndef OD_ENGINE_H
#define OD_ENGINE_H

#include <dnnl.h>

// The processor, and the calling thread's queue on it; made on first use.
dnnl_engine_t od_engine(void);
dnnl_stream_t od_stream(void);

// Around the making of primitives: oneDNN 2.6 does not survive two threads that generate code at once
// (seen as convolutions that are wrong for the rest of the process).
void od_begin_making(void);
void od_end_making(void);

#endif
