/* leavers: clients that left a channel and may be back soon, for a bus to
 * embed.
 *
 * Owner:   the channel's state in a bus; leavers_clear frees them.
 * Thread:  under the lock of whoever owns it.
 * Limits:  one entry a client; bounded by the members there were.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_LEAVERS_H
#define PEAL_MESSAGING_LEAVERS_H

#include <stdbool.h>
#include <stdint.h>

struct leaver;

/* A zeroed struct has none. All of one channel wait for the same time, so they
 * are due in the order in which they left. */
struct leavers {
    struct leaver *items; /* a hash, the first to be due first */
};

/* Waits for the client until `due_ms`; it is not waited for yet. */
void leavers_add(struct leavers *leavers, const char *client, uint64_t due_ms);

/* The client is waited for no more; whether it was. */
bool leavers_remove(struct leavers *leavers, const char *client);

/* A client whose time is over, until it is removed; NULL: none. */
const char *leavers_due(const struct leavers *leavers, uint64_t now_ms);

void leavers_clear(struct leavers *leavers);

#endif
