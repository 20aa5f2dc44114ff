/* hub: maps channels to the workers of this instance that have subscribers.
 *
 * The bus passes it a message; the hub posts it to each interested worker,
 * whose thread runs the function passed to hub_new. A publish takes one shard's
 * lock; connection lists need none.
 *
 * Owner:   the server.
 * Thread:  any.
 * Limits:  HUB_WORKERS_MAX workers.
 * Failure: none; messages for channels without subscribers are dropped.
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

/* Runs on the thread of a worker with subscribers of the message's channel;
 * takes the delivery's reference to the message (message_share). */
typedef void hub_deliver_function(void *worker, void *message);

struct hub *hub_new(hub_deliver_function *deliver);

/* Call after every worker has left its channels. */
void hub_free(struct hub *hub);

/* Registers a worker; before threads start. */
void hub_add_worker(struct hub *hub, struct worker *worker);

/* The registered workers, by number. */
unsigned hub_worker_count(const struct hub *hub);
struct worker *hub_worker(const struct hub *hub, unsigned index);

/* Call for a worker's first subscriber: posts messages to the worker from now
 * on. */
struct hub_channel *hub_enter(struct hub *hub, struct worker *worker,
                              const char *channel);

/* Call when a worker's last subscriber left; may free `channel`. */
void hub_leave(struct hub *hub, struct worker *worker,
               struct hub_channel *channel);

/* Adds to the number of subscribers. */
void hub_count_listener(struct hub_channel *channel, int by);

/* The number of subscribed connections of this instance; for a worker of the
 * channel. */
uint32_t hub_listeners(const struct hub_channel *channel);

/* Posts a reference to each worker with subscribers of the message's channel,
 * in the order of the calls. Returns the number of subscribed connections. */
uint32_t hub_deliver(struct hub *hub, struct message *message);

/* The number of connections of this instance that subscribe to the channel. */
uint32_t hub_count_listeners(struct hub *hub, struct bytes channel);

/* Calls `visit`, under a lock, for each channel with subscribers on this
 * instance. */
void hub_each(struct hub *hub,
              void (*visit)(void *arg, const char *name, uint32_t listeners),
              void *arg);

/* Whether a worker has at least `limit` waiting items: then nothing more should
 * be published for now. */
bool hub_is_swamped(const struct hub *hub, size_t limit);

#endif
