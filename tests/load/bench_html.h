/* bench_html: the result as a self-contained HTML file with plots.
 *
 * Owner:   borrows everything.
 * Thread:  main, at the end.
 * Limits:  none.
 * Failure: returns false and prints the reason.
 */
#ifndef PEAL_BENCH_HTML_H
#define PEAL_BENCH_HTML_H

#include <stdbool.h>

struct bench_run;
struct bench_result;

/* Writes the file at `path`, replacing an old one. */
bool bench_html_write(const char *path, const struct bench_run *run,
                      const struct bench_result *result);

#endif
