// What must work when little else does: signals, missing memory, descriptors that are closed.
#pragma once

#include <stddef.h>

// Notes a file that must not outlive the process; returns a place for `cs_temporary_forget`, -1 if
// there is none left.
int cs_temporary_note(const char *path);

// Forgets what `cs_temporary_note` noted.
void cs_temporary_forget(int place);

// Removes the noted files, writes `text` and a line break to standard error and ends the process
// with code 2. Safe in a signal handler.
_Noreturn void cs_fail(const char *text);

// The same for memory that cannot be had; 0 where it is not known how much.
_Noreturn void cs_out_of_memory(size_t bytes);

// Watches mapped memory: should its file shrink, the process ends with a line that names it, by
// `cs_fail`. Returns a place for `cs_map_forget`, -1 if there is none left.
int cs_map_watch(const void *start, size_t bytes, const char *name);

// Ends the watch; before the memory is unmapped.
void cs_map_forget(int place);

// Runs `body(argument)` on a thread of its own, which nobody waits for; ends the process by
// `cs_out_of_memory` when the system has no room for it.
void cs_thread_start(size_t stack_bytes, void (*body)(void *), void *argument);

// Makes libraries that use OpenMP single-threaded on the calling thread.
void cs_use_one_openmp_thread(void);
