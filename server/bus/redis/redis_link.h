/* redis_link: one connection to Redis, kept up: connect, log in, commands in
 * a pipeline, answers in order, time-outs, back-off, and again.
 *
 * Owner:   the bus.
 * Thread:  the bus's.
 * Limits:  what is in flight is bounded by whoever sends.
 * Failure: when the link goes down every command in flight is answered with
 *          NULL, in order, and then on_down is called.
 */
#ifndef PEAL_BUS_REDIS_LINK_H
#define PEAL_BUS_REDIS_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/loop.h"
#include "bus/redis/redis_options.h"
#include "bus/redis/redis_pending.h"
#include "bus/redis/redis_reason.h"
#include "bus/redis/redis_server.h"
#include "bus/redis/redis_tls.h"
#include "bus/redis/redis_url.h"
#include "messaging/metrics.h"

struct redis_link;

struct redis_link_events {
    /* logged in, before on_up: NULL, or why this server cannot be used. The
     * bus logs the reason; the link tries again. NULL: any will do */
    const char *(*judge)(void *arg, const struct redis_server *server);
    void (*on_up)(void *arg);   /* commands may be sent */
    void (*on_down)(void *arg); /* or NULL */
    /* pub/sub: whatever arrives without having been asked for; NULL for a
     * link that does not subscribe */
    void (*on_push)(void *arg, const struct redisReply *reply);
    /* Redis answered a command by an error, which the command's own answer has
     * seen; NULL where that is enough */
    void (*on_refused)(void *arg, const struct redisReply *reply);
    void *arg;
    struct metrics *round_trips; /* where they are observed, or NULL */
    struct redis_reason *reason; /* where it leaves why it is down, or NULL */
};

/* Starts to connect. `name` is for the log (NULL: no log); options, url and tls
 * (NULL: none) are borrowed. */
struct redis_link *redis_link_new(struct loop *loop, const char *name,
                                  const struct redis_options *options,
                                  const struct redis_url *url,
                                  const struct redis_tls *tls,
                                  const struct redis_link_events *events);

/* Answers what is in flight with NULL, without on_down. NULL is ignored. */
void redis_link_free(struct redis_link *link);

bool redis_link_is_up(const struct redis_link *link);

/* The server it is connected to, as far as that is known. */
const struct redis_server *redis_link_server(const struct redis_link *link);

/* Redis is known to be back: the next attempt is made at once. */
void redis_link_hurry(struct redis_link *link);

/* It does what it was made for: only now the next attempt counts as the first
 * again, and it is told that Redis is there. */
void redis_link_settle(struct redis_link *link);

/* Cuts the connection; it is made again. */
void redis_link_reset(struct redis_link *link, const char *why);

/* Sends a command of `count` words; while the link is not up it is answered
 * with NULL at once. `answer` may be NULL where nobody cares. */
void redis_link_send(struct redis_link *link, const struct bytes *words,
                     size_t count, redis_answer *answer, void *arg);

/* The same for a subscribing command: no answer of its own is awaited. */
void redis_link_push(struct redis_link *link, const struct bytes *words,
                     size_t count);

/* Redis may take that much longer to answer (XREADGROUP BLOCK). */
void redis_link_set_patience(struct redis_link *link, uint32_t more_ms);

/* Of the commands that were answered since it was connected: how many they
 * were, and for how long all of them waited together. */
void redis_link_round_trips(const struct redis_link *link, uint64_t *answers,
                            uint64_t *waited_ns);

/* How many commands await their answer. */
size_t redis_link_in_flight(const struct redis_link *link);

#endif
