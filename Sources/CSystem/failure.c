// One line and exit code 2 from places in which nothing may be allocated.

#include <fcntl.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "csystem.h"

// A program whose standard descriptors are closed would get them for its own files and write
// messages into them. Before everything else, so that no file is opened earlier.
__attribute__((constructor(101))) static void open_standard_descriptors(void) {
  for (int descriptor = 0; descriptor <= 2; descriptor++) {
    if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is taken, which is this one.
    if (open("/dev/null", O_RDWR) != descriptor) _exit(2);
  }
}

enum { places = 256 };
static _Atomic(char *) temporary[places];
// Marks a place that is being filled.
static char taken[1];

int cs_temporary_note(const char *path) {
  char *copy = strdup(path);
  for (int place = 0; place < places && copy; place++) {
    char *empty = NULL;
    if (atomic_compare_exchange_strong(&temporary[place], &empty, copy)) return place;
  }
  free(copy);
  return -1;
}

void cs_temporary_forget(int place) {
  if (place < 0 || place >= places) return;
  free(atomic_exchange(&temporary[place], NULL));
}

static void say(const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(2, text, length);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

_Noreturn void cs_fail(const char *text) {
  // One thread speaks; others that fail at the same time wait for the end.
  static atomic_flag is_failing = ATOMIC_FLAG_INIT;
  if (atomic_flag_test_and_set(&is_failing))
    for (;;) pause();
  for (int place = 0; place < places; place++) {
    char *path = atomic_exchange(&temporary[place], taken);
    if (path && path != taken) unlink(path);
  }
  say("error: ", 7);
  say(text, strlen(text));
  say("\n", 1);
  _exit(2);
}

_Noreturn void cs_out_of_memory(size_t bytes) {
  char text[160] = "memory: there is not enough";
  size_t length = strlen(text);
  char digits[24];
  size_t count = 0;
  for (; bytes > 0; bytes /= 10) digits[count++] = (char)('0' + bytes % 10);
  if (count > 0) {
    strcpy(text + length, " for another ");
    length = strlen(text);
    while (count > 0) text[length++] = digits[--count];
    strcpy(text + length, " bytes");
    length = strlen(text);
  }
  strcpy(text + length, "; use fewer --threads, or allow the program more");
  cs_fail(text);
}
