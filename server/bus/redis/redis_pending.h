/* redis_pending: the commands in flight of one connection, oldest first,
 * because Redis answers in order.
 *
 * Owner:   embedded in a link.
 * Thread:  the bus's.
 * Limits:  none here; callers bound the commands in flight.
 * Failure: out of memory ends the process.
 */
#ifndef PEAL_BUS_REDIS_PENDING_H
#define PEAL_BUS_REDIS_PENDING_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct redisReply;

/* The answer to one command; NULL if the link went down before. Valid during
 * the call. */
typedef void redis_answer(void *arg, const struct redisReply *reply);

enum { REDIS_COMMAND_NAME = 15 };

struct redis_command {
    redis_answer *answer; /* or NULL */
    void *arg;
    uint64_t sent_ns;
    char name[REDIS_COMMAND_NAME + 1]; /* its verb, for the log */
};

/* A ring. */
struct redis_pending {
    struct redis_command *items;
    size_t capacity;
    size_t first;
    size_t count;
};

void redis_pending_add(struct redis_pending *pending, struct bytes name,
                       redis_answer *answer, void *arg);

/* The oldest; there must be one. */
struct redis_command redis_pending_take(struct redis_pending *pending);

/* When the oldest was sent; there must be one. */
uint64_t redis_pending_since_ns(const struct redis_pending *pending);

/* Answers all of them with NULL. */
void redis_pending_fail(struct redis_pending *pending);

void redis_pending_deinit(struct redis_pending *pending);

#endif
