/* bench_proc: CPU and memory of processes, from /proc.
 *
 * Owner:   embedded.
 * Thread:  main.
 * Limits:  BENCH_PROC_MAX processes: the server and all below it.
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

/* All since the processes began, but memory, which is now. */
struct bench_usage {
    double cpu;          /* seconds of CPU, to the nanosecond */
    double user, system; /* the same split, by ticks of 10 ms */
    double waited;       /* seconds ready to run, but not on a core */
    uint64_t memory;     /* resident bytes */
    bool gone;           /* a process has ended: the rest means nothing */
};

/* Adds `pid` and its children, theirs too; begin with an empty one. False
 * when there is no such process. */
bool bench_proc_add(struct bench_proc *self, pid_t pid);

/* The sum over all of them, at this moment. */
struct bench_usage bench_proc_usage(const struct bench_proc *self);

/* What was used between two moments; memory is that of `to`. */
struct bench_usage bench_usage_between(const struct bench_usage *from,
                                       const struct bench_usage *to);

/* The calling process's threads. */
struct bench_usage bench_proc_self(void);

#endif
