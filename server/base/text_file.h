/* text_file: reads a small text file.
 *
 * Owner:   the caller owns the buffer.
 * Thread:  any; blocks while the file is read.
 * Limits:  files of more than `max` bytes and values with a zero byte are
 *          refused.
 * Failure: false and the reason, without the path.
 */
#ifndef PEAL_BASE_TEXT_FILE_H
#define PEAL_BASE_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Appends the whole file to `out`; on false, `out` may contain part of it. */
bool text_file_read(const char *path, size_t max, struct buffer *out,
                    struct error *why);

/* Reads a single value from a file, such as a password, without trailing line
 * ends. */
bool text_file_read_value(const char *path, struct buffer *out,
                          struct error *why);

#endif
