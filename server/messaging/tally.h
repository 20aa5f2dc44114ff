/* tally: rates of a connection or a channel in the last whole second; counted
 * only while watched by a dashboard.
 *
 * A watched worker has a struct watch: a table of tallies, parallel to its
 * connections, so that connections need no extra memory. It is freed
 * WATCH_SECONDS after the last snapshot.
 *
 * Owner:   the worker; a channel owns its own tally.
 * Thread:  only the worker's.
 * Limits:  one tally per slot and per channel.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_TALLY_H
#define PEAL_MESSAGING_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "messaging/worker.h"

enum { WATCH_SECONDS = 10, WATCH_LOOKS = 32 /* per second and worker */ };

/* What is counted. For a channel: messages published to it, and messages
 * delivered to its subscribers on all workers. */
enum tally_kind {
    TALLY_MESSAGES_IN,
    TALLY_MESSAGES_OUT,
    TALLY_BYTES_IN,
    TALLY_BYTES_OUT,
    TALLY_KINDS
};

struct tally {
    uint32_t second; /* second of `now`, by the worker's count */
    uint32_t now[TALLY_KINDS];
    uint32_t last[TALLY_KINDS]; /* the previous second */
};

/* A zeroed struct has counted nothing. */
struct tally_slot {
    uint64_t handle; /* owner's handle; others do not count */
    struct tally tally;
};

struct watch {
    uint64_t looked_second; /* time of the last snapshot */
    uint32_t looks;         /* snapshots begun in that second */
    struct tally_slot *slots;
    uint32_t slot_count;
};

/* Starts or continues counting on the worker. */
void watch_look(struct worker *worker);

/* Counts a snapshot; false if the limit per second is reached. */
bool watch_may_look(struct worker *worker);

/* Whether there was no snapshot for a while. */
bool watch_is_over(const struct worker *worker);

/* Frees the tallies of connections; channels own theirs. */
void watch_end(struct worker *worker);

/* The count of the last whole second; `tally` may be NULL. */
void tally_read(const struct worker *worker, const struct tally *tally,
                uint32_t out[TALLY_KINDS]);

/* The tally of a connection, by its handle, or NULL. */
const struct tally *watch_find(const struct worker *worker, uint64_t handle);

/* ---- for those who count, once worker->watch was seen */

/* `messages` is one of the first two kinds; counts bytes too. */
void tally_add(const struct worker *worker, struct tally *tally,
               enum tally_kind messages, size_t count, size_t bytes);

/* The same for a connection's tally, created if missing. */
void watch_connection(struct worker *worker, uint64_t handle,
                      enum tally_kind messages, size_t count, size_t bytes);

#endif
