/* fake_stderr: catches what is written to stderr, the log above all.
 *
 * Owner:   nothing is owned.
 * Thread:  begin and end from one thread; writers from any.
 * Limits:  1 MiB, more blocks the writer for ever.
 * Failure: ends the process.
 */
#ifndef FAKE_STDERR_H
#define FAKE_STDERR_H

void fake_stderr_begin(void);

/* What was written since fake_stderr_begin; valid until the next one. */
const char *fake_stderr_end(void);

#endif
