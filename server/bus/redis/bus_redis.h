/* bus_redis: the bus of several instances that share one Redis.
 *
 * Owner:   the server.
 * Thread:  as bus.h says; it runs a thread of its own, which never blocks.
 * Limits:  struct redis_options: how much waits while Redis is unavailable, and
 *          for how long.
 * Failure: bus_redis_new reports invalid options; later, is_ready reports
 *          whether Redis is available.
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

/* Uses the credentials in these options; see redis_relogin.h. Main thread. */
void bus_redis_use_login(struct bus *bus, const struct redis_options *options);

/* The Redis servers in use, in Prometheus' text format; any thread. */
void bus_redis_write_nodes(const struct bus *bus, struct buffer *out);

/* The bus's own counters. */
const struct metrics *bus_redis_metrics(const struct bus *bus);

#endif
