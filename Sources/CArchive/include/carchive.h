#ifndef UNMASK_CARCHIVE_H
#define UNMASK_CARCHIVE_H

#include <stddef.h>
#include <stdint.h>

/// Bytes that a caller provides for a message of this library, the final zero included.
#define UK_TAR_MESSAGE_SIZE 160

/// Called for each file of a tar archive: its name, of `name_length` bytes, and where its content lies.
typedef void (*uk_tar_visitor)(void *context, const char *name, size_t name_length, size_t offset,
                               size_t size);

/// Visits the regular files of an uncompressed tar archive in memory, in their order.
///
/// Nothing is copied: `offset` counts from `file`. Returns 0, or 1 for an archive that is damaged or ends
/// early, and `message` says why.
int uk_tar_visit(const uint8_t *file, size_t size, uk_tar_visitor visitor, void *context,
                 char message[UK_TAR_MESSAGE_SIZE]);

#endif
