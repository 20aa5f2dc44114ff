/* history: the last messages of one channel, by number and by age.
 *
 * Owner:   the channel's state in a bus; holds a reference per message.
 * Thread:  under the lock of whoever owns it.
 * Limits:  size and seconds of the channel's options, and what the caller
 *          drops by history_drop_oldest.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_HISTORY_H
#define PEAL_MESSAGING_HISTORY_H

#include <stdbool.h>

#include "messaging/message.h"
#include "messaging/options.h"
#include "messaging/request.h"

/* A zeroed struct is an empty history. */
struct history {
    struct message **messages; /* a ring, oldest first */
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    size_t bytes; /* that they take in memory */
};

/* Keeps a reference; what no longer fits or is too old goes. */
void history_append(struct history *history, struct message *message,
                    const struct channel_options *options);

/* Lets go what is older than the options say. */
void history_expire(struct history *history,
                    const struct channel_options *options, int64_t now_ms);

void history_drop_oldest(struct history *history);

void history_clear(struct history *history);

/* The message at `index`, 0 being the oldest. */
struct message *history_at(const struct history *history, uint32_t index);

/* Adds a page (request->page) to the answer, whose position is set: what came
 * after request->since, if nothing of it is lost; ... */
void history_report_missed(const struct history *history,
                           struct request *request);

/* ... or the newest request->limit messages, and of a request that is
 * continued those after `since` up to `until` that are still kept. */
void history_report(const struct history *history, struct request *request);

/* Finds the first message behind `offset`; false when messages between it
 * and `newest`, the channel's last offset, are no longer kept. */
bool history_find(const struct history *history, uint64_t offset,
                  uint64_t newest, uint32_t *index);

#endif
