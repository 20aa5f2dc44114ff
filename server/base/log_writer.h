/* log_writer: one thread that writes the log, so that nobody waits for it.
 *
 * Lines are put into a queue and written to stderr, or a file, in order. While
 * the reader of a pipe does not read, the queue fills up; beyond it lines are
 * lost. They are counted, and a line says so once there is room again.
 *
 * Owner:   process-wide.
 * Thread:  start and stop from the main thread; the rest from any.
 * Limits:  LOG_WRITER_QUEUE bytes wait; stopping takes LOG_WRITER_STOP_MS.
 * Failure: a line that cannot be written is lost, and counted.
 */
#ifndef PEAL_BASE_LOG_WRITER_H
#define PEAL_BASE_LOG_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    LOG_WRITER_LINE_MAX = 4096, /* what a pipe takes whole (PIPE_BUF) */
    LOG_WRITER_QUEUE = 1 << 18,
    LOG_WRITER_STOP_MS = 500
};

/* Makes the line that says how many were lost: its length. */
typedef size_t log_writer_lost_line(char out[LOG_WRITER_LINE_MAX],
                                    uint64_t count);

/* A descriptor of that file, to append to; -1, and why. */
int log_writer_open(const char *path, struct error *why);

/* Lines go to the end of this file from here on, or to stderr for NULL. The
 * same path opens it anew, as after a rotation. On false they go where they
 * went. */
bool log_writer_use(const char *path, struct error *why);

/* From here on lines are queued; before, a line is written at once. */
void log_writer_start(log_writer_lost_line *lost_line);

/* Writes what waits, if it can be written in time. */
void log_writer_stop(void);

/* Takes a copy of a whole line with its newline. */
void log_writer_put(const char *line, size_t len);

/* How many lines were lost since the start. */
uint64_t log_writer_lost(void);

#endif
