/* bus: numbers the messages of each channel and brings them to the hub, here
 * or on every instance.
 *
 * What a bus promises: the messages of one channel reach hub_deliver in the
 * order of their offsets, and the answer to a subscribe comes back through
 * the worker's inbox at exactly the place in that order that its position
 * names, so that history and live messages meet without a gap or a double.
 *
 * Owner:   the server; it ends by ops->stop and ops->free.
 * Thread:  submit and is_ready from any thread; tick from one thread.
 * Limits:  its own, told by FAULT_UNAVAILABLE and FAULT_TOO_MANY_CHANNELS.
 * Failure: every request is answered, with a fault where it failed.
 */
#ifndef PEAL_MESSAGING_BUS_H
#define PEAL_MESSAGING_BUS_H

#include "messaging/request.h"

struct bus;

struct bus_ops {
    /* Takes the request; answers by request_finish. Never blocks. */
    void (*submit)(struct bus *bus, struct request *request);
    /* Once a second: what is old is let go. */
    void (*tick)(struct bus *bus);
    /* Whether it can serve now; if not, why. */
    bool (*is_ready)(struct bus *bus, const char **why);
    /* This instance takes no new clients any more. Once, before they leave. */
    void (*drain)(struct bus *bus);
    /* Answers everything at once, with a fault where it must; what comes
     * later too. Once, when no worker's thread runs any more. */
    void (*stop)(struct bus *bus);
    /* After stop, and after every worker has read its answers. */
    void (*free)(struct bus *bus);
};

/* Embedded as the first member of each kind of bus. */
struct bus {
    const struct bus_ops *ops;
    bool is_shared; /* by several instances, which count clients together */
};

static inline void bus_submit(struct bus *bus, struct request *request)
{
    bus->ops->submit(bus, request);
}

#endif
