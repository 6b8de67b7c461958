#ifndef UK_WORKER_THREADS_H
#define UK_WORKER_THREADS_H

// Makes OpenMP (used inside oneDNN) run single-threaded on the calling thread.
void uk_use_one_openmp_thread(void);

#endif
