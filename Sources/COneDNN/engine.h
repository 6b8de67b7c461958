#ifndef OD_ENGINE_H
#define OD_ENGINE_H

#include <dnnl.h>

// The processor, and the calling thread's queue on it; made on first use.
dnnl_engine_t od_engine(void);
dnnl_stream_t od_stream(void);

// Around the making of primitives. Without it, about one process in six that made convolutions on several threads
// at once with oneDNN 2.6.3 had one that stayed wrong; why is not known.
void od_begin_making(void);
void od_end_making(void);

#endif
