/* readiness: whether new clients are accepted, for /ready and for upgrades.
 *
 * Owner:   everything is borrowed.
 * Thread:  any.
 * Limits:  none.
 * Failure: false, and why.
 */
#ifndef PEAL_READINESS_H
#define PEAL_READINESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct bus;
struct net;

struct readiness {
    const struct net *net;
    struct bus *bus;
    uint32_t grace_ms;             /* tolerated outage of the bus */
    _Atomic uint64_t bus_ready_ms; /* when it was last seen ready; 0: never */
};

bool readiness_is_given(struct readiness *readiness, const char **why);

/* Once a second. */
void readiness_tick(struct readiness *readiness);

/* Waits for the bus, so that an upgrade does not replace a working process by
 * one that cannot serve. */
bool readiness_wait(struct bus *bus, struct error *error);

#endif
