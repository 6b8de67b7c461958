// Files that shrink while they are mapped.

#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "csystem.h"

enum { places = 4096 };

struct mapping {
  // 0: free; 1: being filled; else the first byte.
  _Atomic uintptr_t start;
  size_t bytes;
  char *text;
};

static struct mapping mappings[places];

static void on_bus_error(int number, siginfo_t *information, void *context) {
  (void)context;
  uintptr_t address = (uintptr_t)information->si_addr;
  for (int place = 0; place < places; place++) {
    uintptr_t start = atomic_load(&mappings[place].start);
    if (start > 1 && address >= start && address - start < mappings[place].bytes)
      cs_fail(mappings[place].text);
  }
  // Not ours: what would have happened without us happens when the instruction is tried again.
  signal(number, SIG_DFL);
}

__attribute__((constructor)) static void watch_bus_errors(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, NULL);
}

int cs_map_watch(const void *start, size_t bytes, const char *name) {
  static const char problem[] =
      ": became shorter while it was read, or its disk failed; leave it alone and run again";
  char *text = malloc(strlen(name) + sizeof problem);
  if (!text) return -1;
  strcpy(text, name);
  strcat(text, problem);
  for (int place = 0; place < places; place++) {
    uintptr_t empty = 0;
    if (!atomic_compare_exchange_strong(&mappings[place].start, &empty, 1)) continue;
    mappings[place].bytes = bytes;
    mappings[place].text = text;
    atomic_store(&mappings[place].start, (uintptr_t)start);
    return place;
  }
  free(text);
  return -1;
}

void cs_map_forget(int place) {
  if (place < 0 || place >= places) return;
  char *text = mappings[place].text;
  atomic_store(&mappings[place].start, 0);
  free(text);
}
