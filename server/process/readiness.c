#include "process/readiness.h"

#include <time.h>

#include "auth/auth.h"
#include "base/clock.h"
#include "messaging/bus.h"
#include "net/net.h"
#include "process/handover.h"

/* Requests wait for Redis for some time, so accepting clients during a short
 * outage is better than refusing them everywhere. */
static bool bus_is_ready(struct readiness *readiness, const char **why)
{
    uint64_t now = clock_steady_ms();
    uint64_t seen = readiness->bus_ready_ms;
    struct bus *bus = readiness->bus;
    if (bus->ops->is_ready(bus, why)) {
        readiness->bus_ready_ms = now;
        return true;
    }
    return seen && clock_elapsed(now, seen) < readiness->grace_ms;
}

void readiness_tick(struct readiness *readiness)
{
    const char *why;
    bus_is_ready(readiness, &why);
}

bool readiness_is_given(struct readiness *readiness, const char **why)
{
    const struct net *net = readiness->net;
    /* after an upgrade in place the new process takes new clients */
    if (!net->has_successor) {
        if (net->is_draining || net->is_leaving) {
            *why = "Draining";
            return false;
        }
        if (!net_has_room(net, why))
            return false;
    }
    if (!auth_has_keys(net->auth)) {
        *why = "No key from auth.jwks_url yet";
        return false;
    }
    return bus_is_ready(readiness, why);
}

bool readiness_wait(struct bus *bus, struct error *error)
{
    enum { STEP_MS = 20, SECONDS = HANDOVER_SECONDS / 2 };
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000};
    const char *why = "";
    for (int i = 0; i < SECONDS * 1000 / STEP_MS; i++) {
        if (bus->ops->is_ready(bus, &why))
            return true;
        nanosleep(&step, NULL);
    }
    return error_set(error, "%s; not taking over", why);
}
