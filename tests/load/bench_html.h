/* bench_html: the result as one HTML file with plots, nothing loaded.
 *
 * Owner:   borrows everything.
 * Thread:  main, at the end.
 * Limits:  none.
 * Failure: answers false and prints why.
 */
#ifndef PEAL_BENCH_HTML_H
#define PEAL_BENCH_HTML_H

#include <stdbool.h>

struct bench_run;
struct bench_result;

/* Writes the file at `path` anew. */
bool bench_html_write(const char *path, const struct bench_run *run,
                      const struct bench_result *result);

#endif
