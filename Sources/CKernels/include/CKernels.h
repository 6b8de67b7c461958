#ifndef CKERNELS_H
#define CKERNELS_H

#include "worker_threads.h"

#endif
