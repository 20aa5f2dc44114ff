/* redis_echo: numbered messages that this instance publishes for itself, and
 * whether they come back in time.
 *
 * Owner:   embedded, all zero at first.
 * Thread:  the bus's.
 * Limits:  while other messages come, an echo may be ten times as late.
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
    uint64_t pushes;   /* of any kind that came; counted by the owner */
    uint64_t pushes_seen;
    uint64_t waits_ms; /* acknowledged, and not back, since then; 0: none */
    uint64_t late_ms;  /* the same, however many pushes came since */
};

/* Redis answered the oldest that was not: from then on it has to come back,
 * unless that was an error. */
void redis_echo_answered(struct redis_echo *echo, bool is_accepted,
                         uint64_t now_ms);

/* It came back. False when it says nothing new. */
bool redis_echo_take(struct redis_echo *echo, struct bytes text,
                     uint64_t now_ms);

/* What is not back is not waited for. */
void redis_echo_forgive(struct redis_echo *echo);

/* This thread was busy for that time, and read nothing: it does not count. */
void redis_echo_excuse(struct redis_echo *echo, uint64_t late_ms);

/* The connection on which they are sent was lost. */
void redis_echo_cut(struct redis_echo *echo);

/* Asked several times a second: nothing came back within `timeout_ms`. An echo
 * may stand behind a lot of messages that are on their way: while they come,
 * the link is slow and not deaf. */
bool redis_echo_is_late(struct redis_echo *echo, uint32_t timeout_ms,
                        uint64_t now_ms);

#endif
