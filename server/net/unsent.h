/* unsent: bytes that the kernel had no room for, in their order.
 *
 * libwebsockets could keep them, but while it does it reads nothing from the
 * socket, and is told without end that there is something to read.
 *
 * Owner:   whoever embeds it.
 * Thread:  the reactor's.
 * Limits:  nothing more is written to a socket before it has gone.
 * Failure: unsent_flush says when the socket is dead.
 */
#ifndef PEAL_NET_UNSENT_H
#define PEAL_NET_UNSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/bytes.h"

struct unsent {
    struct unsent_bytes *bytes; /* NULL: everything was sent */
};

/* How many bytes wait. */
size_t unsent_len(const struct unsent *unsent);

static inline bool unsent_is_empty(const struct unsent *unsent)
{
    return !unsent->bytes;
}

/* Sends now, while nothing waits: how many bytes the kernel took; -1 when the
 * socket is dead. What it did not take is to be kept. */
ssize_t unsent_try(int fd, struct bytes bytes);

/* Sends now, as much as goes, behind what waits already; keeps the rest. False
 * when the socket is dead. */
bool unsent_send(struct unsent *unsent, int fd, struct bytes bytes);

/* Keeps these for later. */
void unsent_keep(struct unsent *unsent, struct bytes bytes);

/* Sends what waits, as much as goes; false when the socket is dead. */
bool unsent_flush(struct unsent *unsent, int fd);

void unsent_deinit(struct unsent *unsent);

#endif
