/* fake_stderr: captures stderr, mainly the log.
 *
 * Owner:   nothing is owned.
 * Thread:  begin and end from one thread; writers from any.
 * Limits:  1 MiB; more blocks the writer forever.
 * Failure: ends the process.
 */
#ifndef FAKE_STDERR_H
#define FAKE_STDERR_H

void fake_stderr_begin(void);

/* The output since fake_stderr_begin; valid until the next call. */
const char *fake_stderr_end(void);

#endif
