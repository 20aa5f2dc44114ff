/* bench_report: the result as text for people and as JSON for programs.
 *
 * Owner:   borrows everything.
 * Thread:  main, at the end.
 * Limits:  none.
 * Failure: bench_report_json returns false and prints the reason.
 */
#ifndef PEAL_BENCH_REPORT_H
#define PEAL_BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

struct bench_run;
struct bench_result;

/* The percentiles shown, ending with 0. */
extern const double bench_report_percentiles[];

/* A few lines, ending with the verdict. */
void bench_report_text(FILE *out, const struct bench_run *run,
                       const struct bench_result *result);

/* One object; times in microseconds, memory in bytes. */
bool bench_report_json(const char *path, const struct bench_run *run,
                       const struct bench_result *result);

#endif
