/* bench_proc: CPU and memory of processes, from /proc.
 *
 * Owner:   embedded.
 * Thread:  main.
 * Limits:  BENCH_PROC_MAX processes: the server and its descendants.
 * Failure: a process that has ended makes the sum `gone`.
 */
#ifndef PEAL_BENCH_PROC_H
#define PEAL_BENCH_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { BENCH_PROC_MAX = 64 };

struct bench_proc {
    pid_t pids[BENCH_PROC_MAX];
    int count;
};

/* Totals since the processes started; memory is the current value. */
struct bench_usage {
    double cpu;          /* CPU seconds, with nanosecond resolution */
    double user, system; /* the same split in two, with a resolution of 10 ms */
    double waited;       /* seconds ready to run but not running */
    uint64_t memory;     /* resident bytes */
    bool gone;           /* a process has ended; the other fields are invalid */
};

/* Adds `pid` and its descendants; start with an empty one. False if there is no
 * such process. */
bool bench_proc_add(struct bench_proc *self, pid_t pid);

/* The current sum over all processes. */
struct bench_usage bench_proc_usage(const struct bench_proc *self);

/* The usage between two moments; memory is that of `to`. */
struct bench_usage bench_usage_between(const struct bench_usage *from,
                                       const struct bench_usage *to);

/* The usage of the calling process. */
struct bench_usage bench_proc_self(void);

#endif
