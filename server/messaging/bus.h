/* bus: numbers the messages of each channel and delivers them to the hub, of
 * one or all instances.
 *
 * Guarantees: the messages of one channel reach hub_deliver in the order of
 * their offsets. The answer to a subscribe arrives through the worker's inbox
 * at exactly the place in that order given by its position, so that history and
 * live messages join without gaps or duplicates.
 *
 * Owner:   the server, which ends it with ops->stop and ops->free.
 * Thread:  submit and is_ready from any thread; tick from one thread.
 * Limits:  its own, reported as FAULT_UNAVAILABLE and FAULT_TOO_MANY_CHANNELS.
 * Failure: every request is answered, with a fault where it failed.
 */
#ifndef PEAL_MESSAGING_BUS_H
#define PEAL_MESSAGING_BUS_H

#include "messaging/request.h"

struct bus;

struct bus_ops {
    /* Takes the request; answers with request_finish. Never blocks. */
    void (*submit)(struct bus *bus, struct request *request);
    /* Call once a second: expires old data. */
    void (*tick)(struct bus *bus);
    /* Whether it can serve now; if not, the reason. */
    bool (*is_ready)(struct bus *bus, const char **why);
    /* This instance stops accepting clients. Call once, before the clients
     * leave. */
    void (*drain)(struct bus *bus);
    /* Answers all requests immediately, with a fault if necessary, and later
     * ones too. Call once, after all worker threads have stopped. */
    void (*stop)(struct bus *bus);
    /* Call after stop, and after every worker has read its answers. */
    void (*free)(struct bus *bus);
};

/* Embedded as the first member of each kind of bus. */
struct bus {
    const struct bus_ops *ops;
    bool is_shared; /* shared by several instances, which count clients together
                     */
};

static inline void bus_submit(struct bus *bus, struct request *request)
{
    bus->ops->submit(bus, request);
}

#endif
