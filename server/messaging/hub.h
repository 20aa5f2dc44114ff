/* hub: which workers of this instance want a channel.
 *
 * The bus gives it a message, the hub posts it to each interested worker,
 * whose thread runs the function that hub_new was given. A publish takes one
 * shard's lock, and lists of connections need none.
 *
 * Owner:   the server.
 * Thread:  any.
 * Limits:  HUB_WORKERS_MAX workers.
 * Failure: none; messages for a channel nobody wants end here.
 */
#ifndef PEAL_MESSAGING_HUB_H
#define PEAL_MESSAGING_HUB_H

#include <stdbool.h>
#include <stddef.h>

#include "messaging/message.h"

enum { HUB_WORKERS_MAX = 64 };

struct hub;
struct hub_channel;
struct worker;

/* Runs on the thread of a worker that wants the message's channel; takes the
 * reference to the message, which is a delivery's (message_share). */
typedef void hub_deliver_function(void *worker, void *message);

struct hub *hub_new(hub_deliver_function *deliver);

/* After every worker left its channels. */
void hub_free(struct hub *hub);

/* Makes a worker known; before threads start. */
void hub_add_worker(struct hub *hub, struct worker *worker);

/* The workers made known, by their numbers. */
unsigned hub_worker_count(const struct hub *hub);
struct worker *hub_worker(const struct hub *hub, unsigned index);

/* A worker's first subscriber: messages are posted to it from now on. */
struct hub_channel *hub_enter(struct hub *hub, struct worker *worker,
                              const char *channel);

/* A worker's last subscriber left; `channel` may be freed by this. */
void hub_leave(struct hub *hub, struct worker *worker,
               struct hub_channel *channel);

/* Subscribers came (1) or went (-1). */
void hub_count_listener(struct hub_channel *channel, int by);

/* How many connections of this instance subscribe; for a worker in it. */
uint32_t hub_listeners(const struct hub_channel *channel);

/* Posts a reference to each worker that wants the message's channel, in the
 * order of the calls. Returns how many connections subscribe to it. */
uint32_t hub_deliver(struct hub *hub, struct message *message);

/* How many connections of this instance subscribe to the channel. */
uint32_t hub_count_listeners(struct hub *hub, struct bytes channel);

/* Calls `visit`, under a lock, for each channel that connections of this
 * instance subscribe to. */
void hub_each(struct hub *hub,
              void (*visit)(void *arg, const char *name, uint32_t listeners),
              void *arg);

/* Whether some worker has `limit` items or more waiting: then nothing more
 * should be published for now. */
bool hub_is_swamped(const struct hub *hub, size_t limit);

#endif
