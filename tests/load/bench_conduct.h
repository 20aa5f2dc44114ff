/* bench_conduct: runs the phases of a test and collects the figures.
 *
 * Owner:   fills the caller's result.
 * Thread:  main; it starts and joins the workers.
 * Limits:  every phase has a time limit.
 * Failure: false if the run could not start; the reason is printed.
 */
#ifndef PEAL_BENCH_CONDUCT_H
#define PEAL_BENCH_CONDUCT_H

#include <stdbool.h>

struct bench_run;
struct bench_result;

/* Executes the whole run: open, warm up, measure, drain, close. */
bool bench_conduct(struct bench_run *run, struct bench_result *result);

#endif
