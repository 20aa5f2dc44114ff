/* log_writer: a thread that writes the log, so that callers never block.
 *
 * Lines are queued and written to stderr, or a file, in order. While the reader
 * of a pipe does not read, the queue fills up; further lines are lost. They are
 * counted, and reported once there is room again.
 *
 * Owner:   process-wide.
 * Thread:  start and stop from the main thread; the rest from any.
 * Limits:  the queue holds LOG_WRITER_QUEUE bytes; stopping takes up to
 *          LOG_WRITER_STOP_MS.
 * Failure: a line that cannot be written is lost, and counted.
 */
#ifndef PEAL_BASE_LOG_WRITER_H
#define PEAL_BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LOG_WRITER_LINE_MAX = 4096, /* written atomically to a pipe (PIPE_BUF) */
    LOG_WRITER_QUEUE = 1 << 18,
    LOG_WRITER_STOP_MS = 500
};

/* Formats the line that reports lost lines; returns its length. */
typedef size_t log_writer_lost_line(char out[LOG_WRITER_LINE_MAX],
                                    uint64_t count);

/* Opens the file for appending; -1 and the reason. */
int log_writer_open(const char *path, struct error *why);

/* Appends lines to this file from now on, or to stderr for NULL. The same path
 * reopens the file, as after a rotation. On false, the destination is
 * unchanged. */
bool log_writer_use(const char *path, struct error *why);

/* Starts queueing lines; before, lines are written immediately. */
void log_writer_start(log_writer_lost_line *lost_line);

/* Writes waiting lines, if possible in time. */
void log_writer_stop(void);

/* Queues a copy of a whole line with its newline. */
void log_writer_put(const char *line, size_t len);

/* The number of lines lost since the start. */
uint64_t log_writer_lost(void);

#endif
