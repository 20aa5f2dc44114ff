/* bench_conduct: leads a run through its phases and takes the figures.
 *
 * Owner:   fills the caller's result.
 * Thread:  main; it starts and joins the workers.
 * Limits:  every phase has a time after which it ends by itself.
 * Failure: false when no run came about; the reason is printed.
 */
#ifndef PEAL_BENCH_CONDUCT_H
#define PEAL_BENCH_CONDUCT_H

#include <stdbool.h>

struct bench_run;
struct bench_result;

/* Plays the whole run: open, warm up, measure, drain, close. */
bool bench_conduct(struct bench_run *run, struct bench_result *result);

#endif
