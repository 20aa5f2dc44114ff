/* redis_echo: numbered messages that this instance publishes to itself, to
 * detect whether they return in time.
 *
 * Owner:   embedded, all zero at first.
 * Thread:  the bus's.
 * Limits:  while other messages arrive, an echo may be ten times as late.
 * Failure: redis_echo_is_late.
 */
#ifndef PEAL_BUS_REDIS_ECHO_H
#define PEAL_BUS_REDIS_ECHO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct redis_echo {
    uint64_t sent;     /* number of the last one */
    uint64_t answered; /* of the last one that Redis acknowledged */
    uint64_t heard;    /* of the last one that came back */
    uint64_t pushes;   /* received messages of any kind, counted by the owner */
    uint64_t pushes_seen;
    uint64_t waits_ms; /* acknowledged but not returned since then; 0: none */
    uint64_t late_ms;  /* the same, regardless of pushes since */
};

/* Call when Redis answered the oldest unanswered one: from now on it must
 * return, unless the answer was an error. */
void redis_echo_answered(struct redis_echo *echo, bool is_accepted,
                         uint64_t now_ms);

/* Call when an echo returned. False if it is not newer than the last one. */
bool redis_echo_take(struct redis_echo *echo, struct bytes text,
                     uint64_t now_ms);

/* Stops waiting for outstanding echoes. */
void redis_echo_forgive(struct redis_echo *echo);

/* Excludes a time in which this thread was busy and read nothing. */
void redis_echo_excuse(struct redis_echo *echo, uint64_t late_ms);

/* Call when the publishing connection was lost. */
void redis_echo_cut(struct redis_echo *echo);

/* Call several times a second: whether no echo returned within `timeout_ms`. An
 * echo may be queued after many messages: while they arrive, the link is slow
 * but works. */
bool redis_echo_is_late(struct redis_echo *echo, uint32_t timeout_ms,
                        uint64_t now_ms);

#endif
