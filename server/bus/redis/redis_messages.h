/* redis_messages: a growing list of messages.
 *
 * Owner:   the list holds a reference to each.
 * Thread:  one at a time.
 * Limits:  enforced by callers.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_MESSAGES_H
#define PEAL_BUS_REDIS_MESSAGES_H

#include "messaging/message.h"

/* A zeroed struct is empty. */
struct messages {
    struct message **items;
    size_t count;
    size_t capacity;
};

/* Adds a reference to the message. */
void redis_messages_add(struct messages *list, struct message *message);

/* Drops them all. */
void redis_messages_clear(struct messages *list);

#endif
