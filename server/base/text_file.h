/* text_file: a small text file, read whole.
 *
 * Owner:   the caller owns the buffer.
 * Thread:  any; blocks while the file is read.
 * Limits:  a file of more than `max` bytes is refused, and a value with a zero
 *          byte.
 * Failure: false, and why, without the path.
 */
#ifndef PEAL_BASE_TEXT_FILE_H
#define PEAL_BASE_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

/* Appends the whole file to `out`; on false `out` may hold part of it. */
bool text_file_read(const char *path, size_t max, struct buffer *out,
                    struct error *why);

/* Reads a value that stands alone in a file, such as a password: without the
 * line ends that editors and `echo` put after it. */
bool text_file_read_value(const char *path, struct buffer *out,
                          struct error *why);

#endif
