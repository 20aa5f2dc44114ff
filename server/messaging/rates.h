/* rates: what a connection or a channel did in the last whole second; counted
 * only while watched by a dashboard.
 *
 * A watched worker has a struct watch: a table of rates, parallel to its
 * connections, so that connections need no extra memory. It is freed
 * WATCH_SECONDS after the last snapshot.
 *
 * Owner:   the worker; a channel owns its own rates.
 * Thread:  only the worker's.
 * Limits:  one struct per slot and per channel.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_RATES_H
#define PEAL_MESSAGING_RATES_H

#include <stddef.h>
#include <stdint.h>

#include "messaging/worker.h"

enum { WATCH_SECONDS = 10, WATCH_SNAPSHOTS = 32 /* per second and worker */ };

/* What is counted. For a channel: messages published to it, and messages
 * delivered to its subscribers on all workers. */
enum rate_kind {
    RATE_MESSAGES_IN,
    RATE_MESSAGES_OUT,
    RATE_BYTES_IN,
    RATE_BYTES_OUT,
    RATE_KINDS
};

struct rates {
    uint32_t second; /* second of `now`, by the worker's count */
    uint32_t now[RATE_KINDS];
    uint32_t last[RATE_KINDS]; /* the previous second */
};

/* A zeroed struct has counted nothing. */
struct rates_slot {
    uint64_t handle; /* owner's handle; others do not count */
    struct rates rates;
};

struct watch {
    uint64_t snapshot_second; /* time of the last snapshot */
    uint32_t snapshots;       /* snapshots begun in that second */
    struct rates_slot *slots;
    uint32_t slot_count;
};

/* Starts or continues counting on the worker. */
void watch_start(struct worker *worker);

/* Counts a snapshot; false if the limit per second is reached. */
bool watch_may_snapshot(struct worker *worker);

/* Whether there was no snapshot for a while. */
bool watch_is_over(const struct worker *worker);

/* Frees the rates of connections; channels own theirs. */
void watch_end(struct worker *worker);

/* The count of the last whole second; `rates` may be NULL. */
void rates_read(const struct worker *worker, const struct rates *rates,
                uint32_t out[RATE_KINDS]);

/* The rates of a connection, by its handle, or NULL. */
const struct rates *watch_find(const struct worker *worker, uint64_t handle);

/* ---- for those who count, once worker->watch was seen */

/* `messages` is one of the first two kinds; counts bytes too. */
void rates_add(const struct worker *worker, struct rates *rates,
               enum rate_kind messages, size_t count, size_t bytes);

/* The same for a connection's rates, created if missing. */
void watch_connection(struct worker *worker, uint64_t handle,
                      enum rate_kind messages, size_t count, size_t bytes);

#endif
