/* tally: what a connection or a channel did in the last whole second; counted
 * only while somebody looks.
 *
 * A worker that is looked at has a struct watch: a table of tallies beside
 * its connections, so that a connection itself holds nothing for it. When
 * nobody has looked for WATCH_SECONDS it is let go.
 *
 * Owner:   the worker; a channel owns its own tally.
 * Thread:  only the worker's.
 * Limits:  one tally for each slot and each channel.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_TALLY_H
#define PEAL_MESSAGING_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "messaging/worker.h"

enum { WATCH_SECONDS = 10, WATCH_LOOKS = 32 /* a second, for a worker */ };

/* What is counted. Of a channel: what it is told, and what its subscribers on
 * all workers get of that. */
enum tally_kind {
    TALLY_MESSAGES_IN,
    TALLY_MESSAGES_OUT,
    TALLY_BYTES_IN,
    TALLY_BYTES_OUT,
    TALLY_KINDS
};

struct tally {
    uint32_t second; /* of `now`, by the worker's count */
    uint32_t now[TALLY_KINDS];
    uint32_t last[TALLY_KINDS]; /* the second before */
};

/* A zeroed struct has counted nothing. */
struct tally_slot {
    uint64_t handle; /* whose it is; another's counts nothing */
    struct tally tally;
};

struct watch {
    uint64_t looked_second; /* when somebody looked last */
    uint32_t looks;         /* that began here in that second */
    struct tally_slot *slots;
    uint32_t slot_count;
};

/* Somebody looks: the worker counts from now on. */
void watch_look(struct worker *worker);

/* Counts a look that begins here; false when there were so many in this second
 * that it must not. */
bool watch_may_look(struct worker *worker);

/* Whether nobody has looked for a while. */
bool watch_is_over(const struct worker *worker);

/* Frees the tallies of connections; those of channels are the channels'. */
void watch_end(struct worker *worker);

/* What it did in the last whole second; `tally` may be NULL. */
void tally_read(const struct worker *worker, const struct tally *tally,
                uint32_t out[TALLY_KINDS]);

/* The tally of a connection, by its handle, or NULL. */
const struct tally *watch_find(const struct worker *worker, uint64_t handle);

/* ---- for those who count, once worker->watch was seen */

/* `messages` is one of the first two kinds; the bytes are counted too. */
void tally_add(const struct worker *worker, struct tally *tally,
               enum tally_kind messages, size_t count, size_t bytes);

/* The same for a connection's tally, made when there is none. */
void watch_connection(struct worker *worker, uint64_t handle,
                      enum tally_kind messages, size_t count, size_t bytes);

#endif
