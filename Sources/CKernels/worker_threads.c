#include "worker_threads.h"

// libgomp comes with oneDNN; declared here because clang ships no omp.h of its own.
extern void omp_set_num_threads(int count);

void uk_use_one_openmp_thread(void) { omp_set_num_threads(1); }
