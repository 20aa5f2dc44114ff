/* bus_redis: the bus of several instances that share one Redis.
 *
 * Owner:   the server.
 * Thread:  as bus.h says; it runs a thread of its own, which never blocks.
 * Limits:  struct redis_options: what waits while Redis is away, and for how
 *          long.
 * Failure: bus_redis_new says what is wrong with the options; later Redis may
 *          come and go: is_ready tells.
 */
#ifndef PEAL_BUS_BUS_REDIS_H
#define PEAL_BUS_BUS_REDIS_H

#include "base/buffer.h"
#include "base/error.h"
#include "bus/redis/redis_options.h"
#include "messaging/worker.h"

/* `instance` needs options, hub and clients; it and the options outlive the
 * bus. The thread starts at once. */
struct bus *bus_redis_new(const struct instance *instance,
                          const struct redis_options *options,
                          struct error *error);

/* Logs in with what these say; see redis_relogin.h. From the main thread. */
void bus_redis_use_login(struct bus *bus, const struct redis_options *options);

/* The Redis servers in use, in Prometheus' text format; any thread. */
void bus_redis_write_nodes(const struct bus *bus, struct buffer *out);

/* The bus's own counts. */
const struct metrics *bus_redis_metrics(const struct bus *bus);

#endif
