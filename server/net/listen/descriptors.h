/* descriptors: how many files the process may open, and whether it is running
 * out of them.
 *
 * The kernel gives out the lowest free number, so the number of an accepted
 * socket tells how many descriptors are in use. The last few are kept for
 * guests (see guests.h), Redis, hooks and files.
 *
 * Owner:   struct net.
 * Thread:  descriptors_prepare before the threads start; the rest from any.
 * Limits:  the process's limit of open files, raised to what connections need
 *          where that is allowed.
 * Failure: none; a limit that is too low is logged.
 */
#ifndef PEAL_NET_DESCRIPTORS_H
#define PEAL_NET_DESCRIPTORS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "messaging/hub.h"
#include "net/listen/listen_socket.h"

/* Of a reactor. */
enum {
    PARKED_MAX = 64, /* sockets that were closed and wait for the next one */
    GUESTS_MAX = 8   /* sockets beyond the limit, for a moment: guests.h */
};

struct descriptors {
    _Atomic uint32_t allowed;
    _Atomic uint32_t first_kept; /* from this number on they are kept */
    _Atomic bool are_short;
    uint32_t workers;
    uint32_t listeners;  /* each with a spare one; set once they are known */
    uint32_t parked_max; /* of a reactor: see socket.c */
};

/* Raises the limit of open files; `sockets` are wanted at most. */
void descriptors_prepare(struct descriptors *descriptors, uint32_t sockets,
                         uint32_t workers);

/* Logs a limit that leaves fewer connections than `connections`, once what the
 * server needs for itself is open. */
void descriptors_warn(const struct descriptors *descriptors,
                      uint32_t connections);

/* Whether an accepted socket with this number is one too many. */
bool descriptors_is_kept(const struct descriptors *descriptors, int fd);

/* An accept found none left: the limit may have been lowered since. */
void descriptors_refresh(struct descriptors *descriptors);

/* Whether they still are: some more must be free than one. */
bool descriptors_are_short(struct descriptors *descriptors);

#endif
