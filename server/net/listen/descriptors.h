/* descriptors: the limit of open files, and whether the process is running out
 * of them.
 *
 * The kernel assigns the lowest free number, so the number of an accepted
 * socket shows how many descriptors are in use. The last few are reserved for
 * guests (see guests.h), Redis, hooks and files.
 *
 * Owner:   struct net.
 * Thread:  descriptors_prepare before the threads start; the rest from any.
 * Limits:  the process's limit of open files, raised to the need of connections
 *          if allowed.
 * Failure: none; a limit that is too low is logged.
 */
#ifndef PEAL_NET_DESCRIPTORS_H
#define PEAL_NET_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/hub.h"
#include "net/listen/listen_socket.h"

/* Per reactor. */
enum {
    PARKED_MAX = 64, /* closed sockets kept for reuse */
    GUESTS_MAX = 8   /* temporary sockets beyond the limit: guests.h */
};

struct descriptors {
    _Atomic uint32_t allowed;
    _Atomic uint32_t first_kept; /* from this number on they are reserved */
    _Atomic bool are_short;
    uint32_t workers;
    uint32_t listeners;  /* each has a spare one; set once known */
    uint32_t parked_max; /* of a reactor: see socket.c */
};

/* Raises the limit of open files for up to `sockets` sockets. */
void descriptors_prepare(struct descriptors *descriptors, uint32_t sockets,
                         uint32_t workers);

/* Logs a warning if the limit leaves fewer than `connections` connections,
 * after the server's own descriptors are open. */
void descriptors_warn(const struct descriptors *descriptors,
                      uint32_t connections);

/* Whether an accepted socket with this number exceeds the limit. */
bool descriptors_is_kept(const struct descriptors *descriptors, int fd);

/* Call when an accept found no descriptor: the limit may have been lowered. */
void descriptors_refresh(struct descriptors *descriptors);

/* Whether descriptors are still scarce: several must be free again. */
bool descriptors_are_short(struct descriptors *descriptors);

#endif
