/* leavers: clients that left a channel and may return within the grace period;
 * embedded in a bus.
 *
 * Owner:   the channel's state in a bus; leavers_clear frees them.
 * Thread:  under the lock of whoever owns it.
 * Limits:  one entry per client; bounded by the former members.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_LEAVERS_H
#define PEAL_MESSAGING_LEAVERS_H

#include <stdbool.h>
#include <stdint.h>

struct leaver;

/* A zeroed struct is empty. All clients of one channel have the same grace
 * period, so they are due in the order in which they left. */
struct leavers {
    struct leaver *items; /* a hash, the first to be due first */
};

/* Waits for the client, which must not be waited for yet, until `due_ms`. */
void leavers_add(struct leavers *leavers, const char *client, uint64_t due_ms);

/* Stops waiting for the client; returns whether it was waited for. */
bool leavers_remove(struct leavers *leavers, const char *client);

/* A client whose grace period is over; remove it before the next call. NULL:
 * none. */
const char *leavers_due(const struct leavers *leavers, uint64_t now_ms);

void leavers_clear(struct leavers *leavers);

#endif
