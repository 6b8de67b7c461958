// libarchive's tar reader over a file in memory, whose blocks are parts of that memory.
#include "carchive.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>

static int say(char *message, const char *text) {
  snprintf(message, UK_TAR_MESSAGE_SIZE, "%s", text ? text : "damaged, or the file ends early");
  return 1;
}

/// Where an entry's content lies; it is one block of the file unless it is sparse.
static int place(struct archive *archive, const uint8_t *file, size_t size, size_t length,
                 size_t *offset, char *message) {
  const void *block = NULL;
  size_t count = 0;
  la_int64_t at = 0;
  *offset = 0;
  if (length == 0) return 0;
  if (archive_read_data_block(archive, &block, &count, &at) != ARCHIVE_OK)
    return say(message, archive_error_string(archive));
  const uintptr_t start = (uintptr_t)block, base = (uintptr_t)file;
  if (at != 0 || count < length || start < base || start - base > size || length > size - (start - base))
    return say(message, "an entry is sparse, or the file ends early");
  *offset = start - base;
  return 0;
}

static int visit(struct archive *archive, const uint8_t *file, size_t size, uk_tar_visitor visitor,
                 void *context, char *message) {
  struct archive_entry *entry;
  for (;;) {
    const int status = archive_read_next_header(archive, &entry);
    if (status == ARCHIVE_EOF) return 0;
    if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
      return say(message, archive_error_string(archive));
    const char *name = archive_entry_pathname(entry);
    if (archive_entry_filetype(entry) != S_IFREG || !name || archive_entry_hardlink(entry)) continue;
    const la_int64_t length = archive_entry_size(entry);
    size_t offset;
    if (length < 0 || (uint64_t)length > size) return say(message, "an entry is longer than the file");
    if (place(archive, file, size, (size_t)length, &offset, message)) return 1;
    visitor(context, name, strlen(name), offset, (size_t)length);
  }
}

int uk_tar_visit(const uint8_t *file, size_t size, uk_tar_visitor visitor, void *context,
                 char message[UK_TAR_MESSAGE_SIZE]) {
  struct archive *archive = archive_read_new();
  if (!archive) return say(message, "out of memory");
  int failed = archive_read_support_format_tar(archive) != ARCHIVE_OK ||
               archive_read_open_memory(archive, file, size) != ARCHIVE_OK;
  if (failed) say(message, archive_error_string(archive));
  else failed = visit(archive, file, size, visitor, context, message);
  archive_read_free(archive);
  return failed;
}
