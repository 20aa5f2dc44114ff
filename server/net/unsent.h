/* unsent: bytes that the kernel had no room for, in order.
 *
 * libwebsockets could keep them, but it then stops reading from the socket
 * while its readable events continue, which is a busy loop.
 *
 * Owner:   the embedding struct.
 * Thread:  the reactor's.
 * Limits:  nothing more is written to a socket before they are sent.
 * Failure: unsent_flush reports a dead socket.
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

/* The number of unsent bytes. */
size_t unsent_len(const struct unsent *unsent);

static inline bool unsent_is_empty(const struct unsent *unsent)
{
    return !unsent->bytes;
}

/* Sends immediately, if nothing is unsent: returns the number of bytes taken by
 * the kernel; -1 if the socket is dead. The caller must keep the rest. */
ssize_t unsent_try(int fd, struct bytes bytes);

/* Sends as much as possible, after earlier unsent bytes; keeps the rest. False
 * if the socket is dead. */
bool unsent_send(struct unsent *unsent, int fd, struct bytes bytes);

/* Keeps bytes for later. */
void unsent_keep(struct unsent *unsent, struct bytes bytes);

/* Sends as much unsent data as possible; false if the socket is dead. */
bool unsent_flush(struct unsent *unsent, int fd);

void unsent_deinit(struct unsent *unsent);

#endif
