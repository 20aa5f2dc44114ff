/* redis_link: one permanent connection to Redis: connects, logs in, pipelines
 * commands, handles answers in order, time-outs and back-off, and reconnects.
 *
 * Owner:   the bus.
 * Thread:  the bus's.
 * Limits:  callers bound the commands in flight.
 * Failure: when the link goes down, every command in flight is answered with
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
    /* called after login, before on_up: returns NULL, or why this server cannot
     * be used. The bus logs the reason; the link retries. NULL: accept any
     * server */
    const char *(*judge)(void *arg, const struct redis_server *server);
    void (*on_up)(void *arg);   /* commands may be sent */
    void (*on_down)(void *arg); /* or NULL */
    /* pub/sub: unrequested messages; NULL for a link that does not subscribe */
    void (*on_push)(void *arg, const struct redisReply *reply);
    /* called after a command's own callback if Redis answered with an error;
     * NULL: not needed */
    void (*on_refused)(void *arg, const struct redisReply *reply);
    void *arg;
    struct metrics *round_trips; /* where round trips are recorded, or NULL */
    struct redis_reason *reason; /* set to why it is down, or NULL */
};

/* Starts to connect. `name` is for the log (NULL: no log); options, url and tls
 * (NULL: none) are borrowed. */
struct redis_link *redis_link_new(struct loop *loop, const char *name,
                                  const struct redis_options *options,
                                  const struct redis_url *url,
                                  const struct redis_tls *tls,
                                  const struct redis_link_events *events);

/* Answers commands in flight with NULL, without on_down. NULL is ignored. */
void redis_link_free(struct redis_link *link);

bool redis_link_is_up(const struct redis_link *link);

/* The server it is connected to, as far as known. */
const struct redis_server *redis_link_server(const struct redis_link *link);

/* Makes the next attempt immediately: Redis is known to be available. */
void redis_link_hurry(struct redis_link *link);

/* Marks the link healthy: resets the back-off and logs the recovery. */
void redis_link_settle(struct redis_link *link);

/* Closes the connection, and reconnects. */
void redis_link_reset(struct redis_link *link, const char *why);

/* Sends a command of `count` words; if the link is not up, it is answered with
 * NULL immediately. `answer` may be NULL. */
void redis_link_send(struct redis_link *link, const struct bytes *words,
                     size_t count, redis_answer *answer, void *arg);

/* The same for a subscribing command, which has no own answer. */
void redis_link_push(struct redis_link *link, const struct bytes *words,
                     size_t count);

/* Allows Redis that much more time to answer (XREADGROUP BLOCK). */
void redis_link_set_patience(struct redis_link *link, uint32_t more_ms);

/* The number of commands answered since the connection was made, and the sum of
 * their waiting times. */
void redis_link_round_trips(const struct redis_link *link, uint64_t *answers,
                            uint64_t *waited_ns);

/* The number of commands in flight. */
size_t redis_link_in_flight(const struct redis_link *link);

#endif
