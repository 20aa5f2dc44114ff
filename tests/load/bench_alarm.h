/* bench_alarm: a worker's links by the time of their next action (binary heap).
 *
 * Owner:   the scenario; it owns the array, not the links.
 * Thread:  its worker.
 * Limits:  the capacity given at init; each link may be in it once.
 * Failure: init returns false without memory.
 */
#ifndef PEAL_BENCH_ALARM_H
#define PEAL_BENCH_ALARM_H

#include <stdbool.h>
#include <stdint.h>

struct bench_link;

struct bench_alarm {
    struct bench_link **heap; /* ordered by wake_at */
    uint32_t count;
    uint32_t room;
};

/* Initializes an empty heap for at most `room` links. */
bool bench_alarm_init(struct bench_alarm *self, uint32_t room);

/* Frees the array. */
void bench_alarm_deinit(struct bench_alarm *self);

/* Adds a link, to be woken at `at`; it must not be in the heap. */
void bench_alarm_set(struct bench_alarm *self, struct bench_link *link,
                     uint64_t at);

/* The time of the next wake-up, UINT64_MAX if there is none. */
uint64_t bench_alarm_next(const struct bench_alarm *self);

/* Removes and returns a link that is due, or NULL. */
struct bench_link *bench_alarm_take(struct bench_alarm *self, uint64_t now);

#endif
