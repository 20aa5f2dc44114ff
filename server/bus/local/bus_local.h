/* bus_local: the bus of a single instance, all in memory.
 *
 * Owner:   the server, or a test.
 * Thread:  as bus.h says; channels are sharded, each shard under a lock.
 * Limits:  limits.channels, limits.history_bytes and the channels' options.
 * Failure: FAULT_TOO_MANY_CHANNELS for a new channel beyond the limit.
 */
#ifndef PEAL_BUS_BUS_LOCAL_H
#define PEAL_BUS_BUS_LOCAL_H

#include "messaging/worker.h"

/* `instance` needs options, hub and clients; it outlives the bus. */
struct bus *bus_local_new(const struct instance *instance);

/* The bus's own counters. */
const struct metrics *bus_local_metrics(const struct bus *bus);

#endif
