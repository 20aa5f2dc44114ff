/* history: the last messages of one channel, limited by number and age.
 *
 * Owner:   the channel's state in a bus; holds a reference per message.
 * Thread:  under the lock of whoever owns it.
 * Limits:  size and seconds of the channel's options, and history_drop_oldest
 *          by the caller.
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
    size_t bytes; /* their memory */
};

/* Keeps a reference; drops messages beyond the limits. */
void history_append(struct history *history, struct message *message,
                    const struct channel_options *options);

/* Drops messages older than the options allow. */
void history_expire(struct history *history,
                    const struct channel_options *options, int64_t now_ms);

void history_drop_oldest(struct history *history);

void history_clear(struct history *history);

/* The message at `index`, 0 being the oldest. */
struct message *history_at(const struct history *history, uint32_t index);

/* Adds a page (request->page) to the answer, whose position is set: the
 * messages after request->since, if none is lost; ... */
void history_report_missed(const struct history *history,
                           struct request *request);

/* ... or the newest request->limit messages; for a continued request, those
 * after `since` up to `until` that are still kept. */
void history_report(const struct history *history, struct request *request);

/* Finds the first message after `offset`; false if messages between it and
 * `newest`, the channel's last offset, are no longer kept. */
bool history_find(const struct history *history, uint64_t offset,
                  uint64_t newest, uint32_t *index);

#endif
